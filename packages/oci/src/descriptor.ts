/** Descriptors and media types (image-spec: descriptor.md, media-types.md). */
import type { Digest } from '@stillframe/core';
import { asText, asTextMap, Fields, present } from './json.ts';

/** Media types of the OCI image specification, and Docker's which registries still hand out for older images. */
export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  /** The two bytes `{}`; stands for a config where an artifact has none. */
  empty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** Annotation that names a tag in the index of an image layout (image-spec: annotations.md). */
export const REF_NAME = 'org.opencontainers.image.ref.name';

/** Annotation of an entry in the index of an image layout whose image no rule of retention removes. */
export const KEEP = 'io.stillframe.image.keep';

/** What a manifest runs on (image-spec: image-index.md). Names are Go's: `linux`, `amd64`, `arm64`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

/** Names content by type, digest and length in bytes. Everything fetched through one is checked against it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  /** Places outside a registry that hold the content. Kept, never followed. */
  readonly urls?: readonly string[];
}

/** Reads one descriptor of a parsed document. Throws ERR_OCI_DOCUMENT_INVALID naming `where`. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const fields = new Fields(value, where);
  return present({
    mediaType: fields.text('mediaType'),
    digest: fields.digest('digest'),
    size: fields.size('size'),
    artifactType: fields.optionalText('artifactType'),
    annotations: fields.optional('annotations', asTextMap),
    platform: fields.optional('platform', parsePlatform),
    urls: fields.optionalList('urls', asText),
  });
}

/** A descriptor as the specification spells it in JSON. */
export function descriptorToJson(descriptor: Descriptor): Record<string, unknown> {
  const { platform, ...rest } = descriptor;
  return present({ ...rest, platform: platform && platformToJson(platform) });
}

/** Whether this media type is one of an image manifest, OCI's or Docker's. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.manifest || mediaType === mediaTypes.dockerManifest;
}

/** Whether this media type is one of an index over manifests, OCI's or Docker's. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.index || mediaType === mediaTypes.dockerIndex;
}

/** Whether a registry does not hold such a layer: its licence forbids it (image-spec: layer.md, non-distributable). */
export function isNondistributable(mediaType: string): boolean {
  return mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
}

function parsePlatform(value: unknown, where: string): Platform {
  const fields = new Fields(value, where);
  return present({
    os: fields.text('os'),
    architecture: fields.text('architecture'),
    variant: fields.optionalText('variant'),
    osVersion: fields.optionalText('os.version'),
  });
}

function platformToJson({ osVersion, ...rest }: Platform): Record<string, unknown> {
  return present({ ...rest, 'os.version': osVersion });
}
