/** A checkpoint opened where it lies, in an image layout or a registry: only what is looked at is fetched. */
import { type ByteSource, UndoStack } from '@stillframe/core';
import { type ContentReader, type Descriptor, isIndexType, Layout, parseManifestOrIndex } from '@stillframe/oci';
import { openArchive } from '../archive/open.ts';
import { type Checkpoint, type OpenCheckpointOptions, openCheckpoint, readCheckpoint } from '../checkpoint.ts';
import { cachedSource } from './block-cache.ts';
import { openChain, readChainAt } from './chain/open.ts';
import { isContainerdCheckpoint, openContainerdIndex } from './containerd-index.ts';
import { archiveLayer, type CheckpointImage, checkpointImageAt, type DetectOptions, notCheckpoint } from './detect.ts';
import { isLayoutArchive, layoutReader } from './layout-archive.ts';

/** A checkpoint, and the image it is in. */
export interface ImageCheckpoint extends Checkpoint {
  /** Undefined for an index of containerd's own, which is no image. */
  readonly image: CheckpointImage | undefined;
}

/** Options of opening a checkpoint in an image. */
export type OpenImageOptions = DetectOptions &
  OpenCheckpointOptions & {
    /** How a store that openCheckpointFile finds is seen: decrypted, say. */
    through?: ((store: ContentReader) => ContentReader) | undefined;
  };

/**
 * Opens the checkpoint in the image behind a tag or digest of `store`, or in an index of containerd's own parts. An
 * uncompressed or seekable layer is read by ranges, another compressed one decompressed once into a temporary file. Ranges
 * cannot be verified against the layer's digest: whoever needs proof extracts the archive. The store must outlive the
 * checkpoint. Throws ERR_IMAGE_NOT_CHECKPOINT, ERR_IMAGE_LAYER_UNSUPPORTED, ERR_CHAIN_*, what openCheckpoint throws, and the errors of
 * the store.
 */
export async function openCheckpointImage(
  store: ContentReader,
  reference: string,
  options: OpenImageOptions = {},
): Promise<ImageCheckpoint> {
  const named = { ...options, label: options.label ?? reference };
  const descriptor = await store.resolve(reference, options);
  const parts = await partsAt(store, descriptor, options);
  if (parts) return taken(await openContainerdIndex(store, parts, named), undefined, named);
  const image = await checkpointImageAt(store, descriptor, options);
  if (!image) throw notCheckpoint(reference);
  return openImage(store, image, named);
}

/** As openCheckpointImage, of an image that was found. */
export async function openImage(
  store: ContentReader,
  image: CheckpointImage,
  options: OpenImageOptions = {},
): Promise<ImageCheckpoint> {
  const closing = new UndoStack();
  try {
    const bytes = await openBytes(store, image, options);
    closing.push('archive', async () => await bytes[Symbol.asyncDispose]());
    const checkpoint = await openCheckpoint(image.chain ? bytes : cachedSource(bytes), options);
    closing.push('checkpoint', async () => await checkpoint[Symbol.asyncDispose]());
    return { ...checkpoint, image, [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose]() };
  } catch (error) {
    await closing[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Opens whatever a path may be, or the bytes of a file: an archive, a folder, or an image layout as a folder or in one tar file. Throws what
 * openCheckpoint and openCheckpointImage throw.
 */
export async function openCheckpointFile(
  from: string | ByteSource,
  options: OpenImageOptions = {},
): Promise<Checkpoint> {
  const layout = typeof from === 'string' ? await Layout.open(from).catch(() => undefined) : undefined;
  const label = options.label ?? (typeof from === 'string' ? from : 'archive');
  const { through = (store: ContentReader) => store } = options;
  if (layout) return openCheckpointImage(through(layout), 'latest', { ...options, label });
  const archive = await openArchive(from, options);
  try {
    if (!isLayoutArchive(archive)) return await readCheckpoint(archive, options);
    const checkpoint = await openCheckpointImage(through(layoutReader(archive)), 'latest', { ...options, label });
    const closing = new UndoStack();
    closing.push('layout', () => archive[Symbol.asyncDispose]());
    closing.push('checkpoint', () => checkpoint[Symbol.asyncDispose]());
    return { ...checkpoint, [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose]() };
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

/** The archive's bytes: of the one layer, or of a chain's. */
async function openBytes(
  store: ContentReader,
  image: CheckpointImage,
  options: OpenImageOptions,
): Promise<ByteSource & AsyncDisposable> {
  if (!image.chain) return store.open(archiveLayer(image), options);
  return openChain(store, await readChainAt(store, image.manifest, options));
}

/** The index of containerd's own parts behind a descriptor; undefined for anything else. */
async function partsAt(store: ContentReader, descriptor: Descriptor, options: DetectOptions) {
  if (!isIndexType(descriptor.mediaType)) return undefined;
  const document = parseManifestOrIndex(await store.manifest(descriptor, options), descriptor.mediaType);
  return document.kind === 'index' && isContainerdCheckpoint(document) ? document : undefined;
}

async function taken(
  archive: Awaited<ReturnType<typeof openContainerdIndex>>,
  image: CheckpointImage | undefined,
  options: OpenImageOptions,
): Promise<ImageCheckpoint> {
  try {
    return { ...(await readCheckpoint(archive, options)), image };
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}
