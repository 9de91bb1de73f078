/** Making the documents of an image from layers that are stored already. Pure: equal inputs give equal digests. */
import { type Digest, digestOf } from '@stillframe/core';
import { type Descriptor, mediaTypes, type Platform } from './descriptor.ts';
import { present } from './json.ts';
import { type ExecutionConfig, encodeImageConfig, encodeManifest, type HistoryEntry } from './manifest.ts';

/** A document ready to be stored. */
export interface BuiltDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** One layer: what is stored, and the digest of its tar without compression. */
export interface BuildLayer {
  readonly descriptor: Descriptor;
  readonly diffID: Digest;
}

/** What an image is made of. */
export interface ImageParts {
  /** Lowest first. */
  readonly layers: readonly BuildLayer[];
  readonly platform: Platform;
  readonly config?: ExecutionConfig;
  /** Of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  /** The manifest this one is about. */
  readonly subject?: Descriptor;
  /** RFC 3339; left out unless given, so that nothing depends on the clock. */
  readonly created?: string;
  readonly history?: readonly HistoryEntry[];
}

/** The documents of an image. Their order of storing is layers, `config`, `manifest`. */
export interface BuiltImage {
  readonly config: BuiltDocument;
  /** Its descriptor carries the platform. */
  readonly manifest: BuiltDocument;
}

/** Makes config and manifest of an image. */
export function buildImage(parts: ImageParts): BuiltImage {
  const { layers, platform, created, history, artifactType, subject, annotations } = parts;
  const configBytes = encodeImageConfig(
    present({
      created,
      os: platform.os,
      architecture: platform.architecture,
      variant: platform.variant,
      config: parts.config,
      diffIDs: layers.map((layer) => layer.diffID),
      history,
    }),
  );
  const config = documentOf(mediaTypes.config, configBytes);
  const manifestBytes = encodeManifest(
    present({
      kind: 'manifest' as const,
      mediaType: mediaTypes.manifest,
      artifactType,
      config: config.descriptor,
      layers: layers.map((layer) => layer.descriptor),
      subject,
      annotations,
    }),
  );
  const manifest = documentOf(mediaTypes.manifest, manifestBytes);
  return { config, manifest: { bytes: manifest.bytes, descriptor: { ...manifest.descriptor, platform } } };
}

/** What an index is made of. */
export interface IndexParts {
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly subject?: Descriptor;
}

/** Makes an index over manifests. */
export function buildIndex({ manifests, annotations, artifactType, subject }: IndexParts): BuiltDocument {
  const shared = { kind: 'index' as const, mediaType: mediaTypes.index };
  const bytes = encodeManifest(present({ ...shared, artifactType, manifests, subject, annotations }));
  return documentOf(mediaTypes.index, bytes);
}

function documentOf(mediaType: string, bytes: Uint8Array): BuiltDocument {
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}
