/** Manifests that are no image but say something about one (image-spec: manifest.md, artifact usage). */
import { bytesSource, type Digest, digestOf } from '@stillframe/core';
import type { ContentOptions, ContentWriter } from './content.ts';
import { type Descriptor, mediaTypes } from './descriptor.ts';
import { encodeManifest, type Index, type Manifest } from './manifest.ts';

/** One document about an image. */
export interface Artifact {
  readonly artifactType: string;
  /** The manifest that it is about. */
  readonly subject: Descriptor;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}

const EMPTY = new TextEncoder().encode('{}');

/** Stores it untagged; idempotent. The subject should be there. Throws the errors of the store. */
export async function putArtifact(
  store: ContentWriter,
  { artifactType, subject, mediaType, bytes, annotations }: Artifact,
  options: ContentOptions = {},
): Promise<Descriptor> {
  const config: Descriptor = { mediaType: mediaTypes.empty, digest: digestOf(EMPTY), size: EMPTY.length };
  const layer: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await store.push(config, bytesSource(EMPTY), options);
  await store.push(layer, bytesSource(bytes), options);
  const manifest: Manifest = {
    kind: 'manifest',
    mediaType: mediaTypes.manifest,
    artifactType,
    config,
    layers: [layer],
    subject: plain(subject),
    ...(annotations ? { annotations } : {}),
  };
  return store.putManifest(encodeManifest(manifest), mediaTypes.manifest, options);
}

/** The descriptor of a manifest as its referrers are listed with (distribution-spec: listing referrers). */
export function referrerOf(descriptor: Descriptor, document: Manifest | Index): Descriptor {
  const { artifactType: own, annotations } = document;
  const artifactType = own ?? (document.kind === 'manifest' ? document.config.mediaType : undefined);
  return {
    ...plain(descriptor),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations ? { annotations } : {}),
  };
}

/** The tag under which a registry without the API of referrers keeps their list. */
export function referrersTag(digest: Digest): string {
  return digest.replace(':', '-');
}

/** Without what a place says of it, such as its tag. */
function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
