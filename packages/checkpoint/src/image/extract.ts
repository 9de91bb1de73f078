/** The archive back from an image, byte for byte. */
import { type Digest, limits, orAbsent, type ReadOptions, streamOf } from '@stillframe/core';
import { writeAtomically } from '@stillframe/core/file';
import { type ContentReader, type Descriptor, mediaTypes, parseImageConfig, readBlob, verified } from '@stillframe/oci';
import { openChain, readChainAt } from './chain/open.ts';
import {
  archiveLayer,
  archiveOf,
  type CheckpointImage,
  checkpointImageAt,
  type DetectOptions,
  notCheckpoint,
} from './detect.ts';
import { openImage } from './open.ts';

/** Options of extractArchive. */
export interface ExtractArchiveOptions extends DetectOptions {
  /** Whether a file that is there is replaced; by default it is an error. */
  replace?: boolean | undefined;
  /** Told how many bytes have been hashed and written, of all that have to. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Writes the archive in an image to `file`: the very bytes that were captured, where the image is ours. Tools that copy images
 * compress layers on the way, and so do we where it is asked for; where the image tells the digest that was recorded at the
 * capture, or which archive its own was made of, and the layer is what it says once it is decompressed, that is what is
 * written. Otherwise it is the layer as it is. The digest of the answer has been checked.
 * The file appears whole or not at all, mode 0600. `descriptor` is a manifest's or an index's.
 * Throws ERR_IMAGE_NOT_CHECKPOINT, ERR_IMAGE_LAYER_UNSUPPORTED, ERR_CHAIN_*, ERR_FILE_EXISTS, and the errors of the store.
 */
export async function extractArchive(
  store: ContentReader,
  descriptor: Descriptor,
  file: string,
  options: ExtractArchiveOptions = {},
): Promise<Descriptor> {
  const image = await checkpointImageAt(store, descriptor, options);
  if (!image) throw notCheckpoint(descriptor.digest);
  const archive = archiveOf(image);
  const { recordedDigest, sourceDigest } = image.facts;
  const told = recordedDigest !== undefined || sourceDigest !== undefined;
  const content = told && !image.chain ? await contentDigest(store, image, options) : undefined;
  if (content !== undefined && content !== archive.digest && content === (recordedDigest ?? content)) {
    const captured = await writeDecompressed(store, image, file, { ...options, content });
    if (captured) return captured;
  }
  await write(file, archiveStream(store, image, options), { ...options, size: archive.size });
  return archive;
}

/**
 * Digest of the archive in an image before any compression, as the image itself tells; undefined where its config cannot be
 * read. Throws as archiveLayer does, and the errors of the store.
 */
export async function contentDigest(
  store: ContentReader,
  image: CheckpointImage,
  options: ReadOptions = {},
): Promise<Digest | undefined> {
  const archive = archiveOf(image);
  if (archive.mediaType === mediaTypes.layer) return archive.digest;
  if (image.config.size > limits.manifest) return undefined;
  return parseImageConfig(await readBlob(store, image.config, { ...options, limit: limits.manifest })).diffIDs[0];
}

/** The archive's bytes, the last of them only once length and digest are seen to be right. Iteration throws ERR_OCI_CONTENT_*. */
export async function* archiveStream(
  store: ContentReader,
  image: Pick<CheckpointImage, 'manifest' | 'layers' | 'chain'>,
  options: ReadOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!image.chain) {
    yield* store.stream(archiveLayer(image), options);
    return;
  }
  await using archive = openChain(store, await readChainAt(store, image.manifest, options));
  yield* verified(streamOf(archive, options), archiveOf(image));
}

/** Undefined, with nothing written, where the layer is not `content` once it is decompressed either. */
async function writeDecompressed(
  store: ContentReader,
  image: CheckpointImage,
  file: string,
  { content, ...options }: ExtractArchiveOptions & { content: Digest },
): Promise<Descriptor | undefined> {
  await using checkpoint = await openImage(store, image, options);
  const { tar } = checkpoint.archive;
  if (!tar) return undefined;
  const descriptor = { mediaType: mediaTypes.layer, digest: content, size: tar.size };
  // What lies in a registry is fetched once: it is hashed as it is written.
  const written = write(file, verified(streamOf(tar, options), descriptor), { ...options, size: tar.size });
  return await orAbsent(
    written.then(() => descriptor),
    'ERR_OCI_CONTENT_WRONG',
  );
}

function write(
  file: string,
  bytes: AsyncIterable<Uint8Array>,
  { replace = false, onProgress, size, before = 0 }: ExtractArchiveOptions & { size: number; before?: number },
): Promise<unknown> {
  const fill = async (handle: { writeFile(chunk: Uint8Array): Promise<void> }) => {
    let done = before;
    for await (const chunk of bytes) {
      await handle.writeFile(chunk);
      done += chunk.length;
      onProgress?.(done, before + size);
    }
  };
  return writeAtomically(file, fill, { replace });
}
