/** Referrers of a registry that has the API for them, and of one that has not (distribution-spec: referrers, tag fallback). */
import { type Digest, isCode } from '@stillframe/core';
import { referrerOf, referrersTag } from '../artifact.ts';
import type { ManifestReader, ManifestWriter, ReferrersOptions } from '../content.ts';
import { type Descriptor, mediaTypes } from '../descriptor.ts';
import { buildIndex } from '../image-build.ts';
import { type Index, type Manifest, parseManifestOrIndex } from '../manifest.ts';

/** Those of a list that are asked for. */
export function chosen(list: readonly Descriptor[], { artifactType }: ReferrersOptions): readonly Descriptor[] {
  return list.filter((each) => artifactType === undefined || each.artifactType === artifactType);
}

/** The list behind the fallback tag; none where there is no such tag. */
export async function listedByTag(
  store: ManifestReader,
  digest: Digest,
  options: ReferrersOptions,
): Promise<readonly Descriptor[]> {
  const { signal } = options;
  try {
    const descriptor = await store.resolve(referrersTag(digest), { signal });
    return indexIn(await store.manifest(descriptor, { signal }), descriptor.mediaType)?.manifests ?? [];
  } catch (error) {
    if (isCode(error, 'ERR_OCI_MANIFEST_UNKNOWN')) return [];
    throw error;
  }
}

/** Adds a manifest to the list of its subject. Two that do so at once may lose one: the specification has no lock for it. */
export async function listByTag(
  store: ManifestReader & ManifestWriter,
  descriptor: Descriptor,
  manifest: Manifest & { subject: Descriptor },
  options: ReferrersOptions,
): Promise<void> {
  const { digest } = manifest.subject;
  const listed = await listedByTag(store, digest, options);
  if (listed.some((each) => each.digest === descriptor.digest)) return;
  const index = buildIndex({ manifests: [...listed, referrerOf(descriptor, manifest)] });
  await store.putManifest(index.bytes, mediaTypes.index, { tag: referrersTag(digest), signal: options.signal });
}

/** Undefined for what is no index. */
export function indexIn(bytes: Uint8Array, mediaType: string | undefined): Index | undefined {
  const document = parseManifestOrIndex(bytes, mediaType);
  return document.kind === 'index' ? document : undefined;
}
