/** A checkpoint opened where it lies, in an image layout or a registry: only what is looked at is fetched. */
import { UndoStack } from '@stillframe/core';
import type { ContentReader } from '@stillframe/oci';
import type { OpenArchiveOptions } from '../archive/open.ts';
import { type Checkpoint, openCheckpoint } from '../checkpoint.ts';
import { cachedSource } from './block-cache.ts';
import {
  archiveLayer,
  type CheckpointImage,
  type DetectOptions,
  findCheckpointImage,
  notCheckpoint,
} from './detect.ts';

/** A checkpoint, and the image it is in. */
export interface ImageCheckpoint extends Checkpoint {
  readonly image: CheckpointImage;
}

/**
 * Opens the checkpoint in the image behind a tag or digest of `store`. An uncompressed layer is read by ranges, a
 * compressed one decompressed once into a temporary file. Ranges cannot be verified against the layer's digest: whoever
 * needs proof extracts the archive. The store must outlive the checkpoint.
 * Throws ERR_IMAGE_NOT_CHECKPOINT, ERR_IMAGE_LAYER_UNSUPPORTED, what openCheckpoint throws, and the errors of the store.
 */
export async function openCheckpointImage(
  store: ContentReader,
  reference: string,
  options: DetectOptions & OpenArchiveOptions = {},
): Promise<ImageCheckpoint> {
  const image = await findCheckpointImage(store, reference, options);
  if (!image) throw notCheckpoint(reference);
  const closing = new UndoStack();
  try {
    const blob = await store.open(archiveLayer(image), options);
    closing.push('layer', async () => await blob[Symbol.asyncDispose]());
    const checkpoint = await openCheckpoint(cachedSource(blob), { ...options, label: options.label ?? reference });
    closing.push('checkpoint', async () => await checkpoint[Symbol.asyncDispose]());
    return { ...checkpoint, image, [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose]() };
  } catch (error) {
    await closing[Symbol.asyncDispose]();
    throw error;
  }
}
