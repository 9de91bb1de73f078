/** Image manifests, indexes and configs (image-spec: manifest.md, image-index.md, config.md). */
import type { Digest, JsonObject } from '@stillframe/core';
import {
  type Descriptor,
  descriptorToJson,
  isIndexType,
  isManifestType,
  mediaTypes,
  parseDescriptor,
} from './descriptor.ts';
import { asText, asTextMap, decodeObject, encodeCanonical, Fields, invalid, present } from './json.ts';

/** One image: a config and layers, lowest first. */
export interface Manifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** The manifest that this one says something about (distribution-spec: referrers). */
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Several manifests under one digest, one a platform as a rule. */
export interface Index {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** How a container of the image starts. Member names are the specification's. */
export interface ExecutionConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

/** One step of how an image came to be. */
export interface HistoryEntry {
  /** RFC 3339. */
  readonly created?: string;
  readonly created_by?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** The config blob of an image. */
export interface ImageConfig {
  /** RFC 3339. */
  readonly created?: string;
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly config?: ExecutionConfig;
  /** Digests of the uncompressed layers, in the order of the manifest's layers. */
  readonly diffIDs: readonly Digest[];
  readonly history?: readonly HistoryEntry[];
}

/**
 * Reads a manifest or an index, whichever it is. `mediaType` is what the descriptor or the registry called it; the
 * document must not call itself otherwise, nor have the members of both kinds, since two readers could then see two
 * images under one digest (image-spec, CVE-2021-41190).
 * Throws ERR_OCI_DOCUMENT_INVALID, ERR_OCI_DOCUMENT_TOO_LARGE.
 */
export function parseManifestOrIndex(bytes: Uint8Array, mediaType?: string): Manifest | Index {
  const document = decodeObject(bytes, 'manifest');
  const fields = new Fields(document, 'manifest');
  if (fields.raw('schemaVersion') !== 2) throw invalid('manifest.schemaVersion', 'is not 2');
  const type = typeOf(document, fields.optionalText('mediaType'), mediaType);
  const shared = {
    mediaType: type,
    artifactType: fields.optionalText('artifactType'),
    subject: fields.optional('subject', parseDescriptor),
    annotations: fields.optional('annotations', asTextMap),
  };
  if (isIndexType(type)) {
    return present({ kind: 'index' as const, ...shared, manifests: fields.list('manifests', parseDescriptor) });
  }
  const config = parseDescriptor(fields.raw('config'), 'manifest.config');
  return present({ kind: 'manifest' as const, ...shared, config, layers: fields.list('layers', parseDescriptor) });
}

/** Reads an image manifest. Throws as parseManifestOrIndex does, and ERR_OCI_DOCUMENT_INVALID for an index. */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest {
  const parsed = parseManifestOrIndex(bytes, mediaType);
  if (parsed.kind !== 'manifest') throw invalid('manifest', 'is an index over several manifests');
  return parsed;
}

/** Reads an image index. Throws as parseManifestOrIndex does, and ERR_OCI_DOCUMENT_INVALID for a manifest. */
export function parseIndex(bytes: Uint8Array, mediaType?: string): Index {
  const parsed = parseManifestOrIndex(bytes, mediaType);
  if (parsed.kind !== 'index') throw invalid('manifest', 'is one manifest, not an index');
  return parsed;
}

/** Reads an image config. Throws ERR_OCI_DOCUMENT_INVALID, ERR_OCI_DOCUMENT_TOO_LARGE. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const fields = new Fields(decodeObject(bytes, 'config'), 'config');
  const rootfs = new Fields(fields.raw('rootfs'), 'config.rootfs');
  return present({
    created: fields.optionalText('created'),
    os: fields.text('os'),
    architecture: fields.text('architecture'),
    variant: fields.optionalText('variant'),
    config: fields.optional('config', parseExecutionConfig),
    diffIDs: rootfs.list('diff_ids', (value, where) => new Fields({ digest: value }, where).digest('digest')),
    history: fields.optionalList('history', parseHistory),
  });
}

/** Canonical bytes of a manifest or an index: equal values give equal digests. */
export function encodeManifest(manifest: Manifest | Index): Uint8Array {
  const { kind, subject, ...rest } = manifest;
  const shared = { ...rest, schemaVersion: 2, subject: subject && descriptorToJson(subject) };
  if (kind === 'index') return encodeCanonical({ ...shared, manifests: manifest.manifests.map(descriptorToJson) });
  return encodeCanonical({
    ...shared,
    config: descriptorToJson(manifest.config),
    layers: manifest.layers.map(descriptorToJson),
  });
}

/** Canonical bytes of an image config. */
export function encodeImageConfig(config: ImageConfig): Uint8Array {
  const { diffIDs, ...rest } = config;
  return encodeCanonical({ ...rest, rootfs: { type: 'layers', diff_ids: diffIDs } });
}

function typeOf(document: JsonObject, own: string | undefined, given: string | undefined): string {
  const shapedAsIndex = 'manifests' in document;
  if (shapedAsIndex && ('config' in document || 'layers' in document)) {
    throw invalid('manifest', 'has the members of a manifest and of an index');
  }
  const type = given ?? own ?? (shapedAsIndex ? mediaTypes.index : mediaTypes.manifest);
  if (own !== undefined && own !== type) throw invalid('manifest.mediaType', `is not ${JSON.stringify(type)}`);
  if (!isIndexType(type) && !isManifestType(type))
    throw invalid('manifest.mediaType', 'is of no known kind of manifest');
  if (isIndexType(type) !== shapedAsIndex) throw invalid('manifest', 'does not have the members of its media type');
  return type;
}

function parseExecutionConfig(value: unknown, where: string): ExecutionConfig {
  const fields = new Fields(value, where);
  return present({
    User: fields.optionalText('User'),
    Env: fields.optionalList('Env', asText),
    Entrypoint: fields.optionalList('Entrypoint', asText),
    Cmd: fields.optionalList('Cmd', asText),
    WorkingDir: fields.optionalText('WorkingDir'),
    Labels: fields.optional('Labels', asTextMap),
    StopSignal: fields.optionalText('StopSignal'),
  });
}

function parseHistory(value: unknown, where: string): HistoryEntry {
  const fields = new Fields(value, where);
  return present({
    created: fields.optionalText('created'),
    created_by: fields.optionalText('created_by'),
    comment: fields.optionalText('comment'),
    empty_layer: fields.raw('empty_layer') === true ? true : undefined,
  });
}
