/**
 * An archive becomes a checkpoint image whose one layer is the archive's own bytes: nothing is unpacked or packed again.
 * CRI-O and podman look for their mark in the manifest's annotations, containerd in the top-level annotations of what
 * the tag points at (checkpoint-spec 8.2, 4.4). A tag on the manifest itself satisfies all three, so that is the default.
 */
import { type ByteSource, type Digest, digestSource, observedSource, type ReadOptions } from '@stillframe/core';
import {
  type BuiltImage,
  buildImage,
  buildIndex,
  type ContentStore,
  type Descriptor,
  Layout,
  mediaTypes,
  type Platform,
  putImage,
} from '@stillframe/oci';
import type { ReadableCompression } from '../archive/compression.ts';
import type { Archive } from '../archive/open.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { checkpointError } from '../errors.ts';
import { type CheckpointFacts, encodeAnnotations } from '../metadata/annotations.ts';
import { missingParts } from '../missing-parts.ts';
import { factsOf, platformOf } from './facts.ts';
import { demandRecorded } from './recorded.ts';

/** Options of convertArchive. */
export interface ConvertOptions {
  /** Tag that the image gets in the destination. */
  tag?: string | undefined;
  /** By default that of the dumped registers. */
  platform?: Platform | undefined;
  /** Digest of the archive's bytes where the caller has just hashed them (`verifyArchive`): they are not read again for it. */
  knownDigest?: Digest | undefined;
  /** Digest of its tar, where the caller has just hashed that: a compressed archive is not decompressed for it. */
  knownDiffID?: Digest | undefined;
  /** Digest that the evidence recorded at the capture: an archive with another one is refused, nothing is tagged then. */
  recordedDigest?: Digest | undefined;
  /** Whether an archive is taken that no process can be restored from. False by default. */
  incomplete?: boolean | undefined;
  /** Facts that replace or add to what the archive tells. */
  facts?: Partial<CheckpointFacts> | undefined;
  /** RFC 3339; by default when the checkpoint was taken, so that converting twice gives one digest. */
  created?: string | undefined;
  /** Puts an index with the same annotations over the manifest and tags that, for registries that hold several platforms. */
  index?: boolean | undefined;
  /** The manifest is to stand in an index that somebody puts over it: it gets no tag, and no entry of its own in a layout. */
  child?: boolean | undefined;
  /** Told how many bytes of the archive have gone to a registry, of all; in a layout it costs nothing. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** The image that was made. */
export interface ConvertedImage {
  /** What the tag points at: the manifest, or the index where one was asked for. */
  readonly target: Descriptor;
  readonly manifest: Descriptor;
  readonly layer: Descriptor;
  readonly facts: CheckpointFacts;
  /** How the layer came into the destination. `linked`: it is the archive file itself, which must not be changed. */
  readonly way: 'linked' | 'copied' | 'present' | 'pushed';
}

const LAYER_TYPES: Readonly<Record<ReadableCompression, string>> = {
  none: mediaTypes.layer,
  gzip: mediaTypes.layerGzip,
  zstd: mediaTypes.layerZstd,
};

/**
 * Converts a checkpoint into an image in `destination`. Idempotent; the tag moves last.
 * Throws ERR_IMAGE_SOURCE_UNSUPPORTED for a folder or a partial archive, ERR_CHECKPOINT_INCOMPLETE,
 * ERR_CHECKPOINT_DIGEST_MISMATCH, and the errors of the store.
 */
export async function convertArchive(
  checkpoint: Checkpoint,
  destination: ContentStore,
  options: ConvertOptions = {},
): Promise<ConvertedImage> {
  const { archive } = checkpoint;
  const { bytes, tar } = archive;
  if (!bytes || !tar || !archive.whole) {
    throw checkpointError('ERR_IMAGE_SOURCE_UNSUPPORTED', `${archive.label} is no whole archive file`);
  }
  if (!options.incomplete) demandComplete(checkpoint);
  const { layer, diffID, way } = await placeLayer({ archive, bytes, tar }, destination, options);
  const platform = options.platform ??
    (await platformOf(checkpoint, options)) ?? { os: 'linux', architecture: 'amd64' };
  const facts = withSource({ ...factsOf(checkpoint, platform), ...options.facts }, layer);
  const image = describeImage({
    layer,
    diffID,
    platform,
    facts,
    created: options.created ?? checkpoint.metadata.checkpointed,
  });
  const target = await putDocuments(destination, image, facts, { ...options, platform });
  return { target, manifest: { ...image.manifest.descriptor, platform }, layer, facts, way };
}

/**
 * A layer that is no compressed archive is told by its digest where nothing recorded does: tools compress layers on the way, and of
 * one that is compressed nobody could say any more whether the archive was.
 */
function withSource(facts: CheckpointFacts, { mediaType, digest }: Descriptor): CheckpointFacts {
  const told = facts.recordedDigest !== undefined || facts.sourceDigest !== undefined;
  return told || mediaType !== mediaTypes.layer ? facts : { ...facts, sourceDigest: digest };
}

/** Throws ERR_CHECKPOINT_INCOMPLETE for an archive that no process can be restored from. */
export function demandComplete(checkpoint: Checkpoint): void {
  const missing = missingParts(checkpoint);
  if (missing.length === 0) return;
  const message = `${checkpoint.archive.label} holds no complete CRIU image set (${missing.join(', ')} missing)`;
  throw checkpointError('ERR_CHECKPOINT_INCOMPLETE', message, {
    hint: 'no process can be restored from it; `--force` builds the image all the same, for what can be read of it',
  });
}

/**
 * Digest of an archive's bytes, held against the one that its evidence recorded, where that is given. Throws
 * ERR_CHECKPOINT_DIGEST_MISMATCH.
 */
export async function verifyArchive(
  { bytes, label }: Pick<Archive, 'label'> & { bytes: ByteSource },
  recorded: Digest | undefined,
  options: ReadOptions = {},
): Promise<Digest> {
  const found = await digestSource(bytes, options);
  demandRecorded(found, recorded, label);
  return found;
}

/** An archive in one file, whole. */
interface WholeArchive {
  archive: Archive;
  bytes: ByteSource;
  tar: ByteSource;
}

/** The archive's bytes in the destination, hashed, and held against what was recorded of them. */
async function placeLayer(whole: WholeArchive, destination: ContentStore, options: ConvertOptions) {
  const { archive, bytes, tar } = whole;
  const { recordedDigest: recorded, knownDigest: known } = options;
  const sent = known === undefined && recorded !== undefined && !(destination instanceof Layout);
  const digest = sent ? recorded : (known ?? (await verifyArchive({ ...archive, bytes }, recorded, options)));
  const layer: Descriptor = { mediaType: LAYER_TYPES[archive.compression], digest, size: bytes.size };
  const diffID = archive.compression === 'none' ? digest : (options.knownDiffID ?? (await digestSource(tar, options)));
  const store = sent ? sendVerified : storeLayer;
  return { layer, diffID, way: await store(archive, layer, destination, options) };
}

/** Hashes what it sends meanwhile, so that it is read once; a registry would say of a wrong digest only that it is wrong. */
async function sendVerified(
  archive: Archive,
  layer: Descriptor,
  destination: ContentStore,
  options: ConvertOptions,
): Promise<ConvertedImage['way']> {
  const { bytes } = archive;
  const failing = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failing.signal]) : failing.signal;
  const verify = async () => {
    try {
      if (bytes) await verifyArchive({ ...archive, bytes }, layer.digest, { signal });
    } catch (error) {
      failing.abort(error);
      throw error;
    }
  };
  const sending = storeLayer(archive, layer, destination, { ...options, signal });
  const [verified, sent] = await Promise.allSettled([verify(), sending]);
  if (verified.status === 'rejected') throw verified.reason;
  if (sent.status === 'rejected') throw sent.reason;
  return sent.value;
}

async function storeLayer(
  archive: Archive,
  layer: Descriptor,
  destination: ContentStore,
  options: ConvertOptions,
): Promise<ConvertedImage['way']> {
  const { bytes } = archive;
  const locator = bytes?.locator;
  if (destination instanceof Layout && locator?.kind === 'file' && locator.offset === 0) {
    return destination.linkBlob(locator.path, layer, { digestKnown: true, signal: options.signal });
  }
  if (await destination.has(layer, options)) return 'present';
  if (bytes) {
    const { signal, onProgress } = options;
    const sent = observedSource(bytes, onProgress && ((end) => onProgress(end, bytes.size)));
    await destination.push(layer, sent, { signal });
  }
  return 'pushed';
}

function describeImage(parts: {
  layer: Descriptor;
  diffID: Digest;
  platform: Platform;
  facts: CheckpointFacts;
  created: string | undefined;
}): BuiltImage {
  const { layer, diffID, platform, facts, created } = parts;
  return buildImage({
    layers: [{ descriptor: layer, diffID }],
    platform,
    annotations: encodeAnnotations(facts),
    ...(created === undefined ? {} : { created }),
    history: [
      {
        ...(created === undefined ? {} : { created }),
        created_by: 'stillframe image build',
        comment: 'checkpoint archive',
      },
    ],
  });
}

async function putDocuments(
  destination: ContentStore,
  image: BuiltImage,
  facts: CheckpointFacts,
  options: ConvertOptions,
): Promise<Descriptor> {
  const { tag, signal } = options;
  if (options.child) return putImage(destination, image, { signal, child: true });
  if (!options.index) return putImage(destination, image, { tag, signal });
  const manifest = await putImage(destination, image, { signal, child: true });
  const { platform } = options;
  const index = buildIndex({
    manifests: [platform ? { ...manifest, platform } : manifest],
    annotations: encodeAnnotations(facts),
  });
  return destination.putManifest(index.bytes, mediaTypes.index, { tag, signal });
}
