/** The image below a checkpoint: whatever its engine called it, it must be the very one that the container ran. */
import { baseImageReference, type CheckpointMetadata } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import type { ImageRecord, PullOptions } from '../image/image-store.ts';

/** What is used of the image store. */
export interface BaseImages {
  find(reference: string): ImageRecord | undefined;
  pull(reference: string, options: PullOptions): Promise<ImageRecord>;
}

/**
 * Looks by image id and digest first, by name then; what is not here is pulled, by digest where the checkpoint names one.
 * Throws ERR_RESTORE_REFUSED where the name now stands for another image, ERR_RESTORE_ARCHIVE where none is named.
 */
export async function baseImage(
  images: BaseImages,
  { image }: Pick<CheckpointMetadata, 'image'>,
  pull: PullOptions,
): Promise<ImageRecord> {
  const here = image.ref === undefined ? undefined : images.find(image.ref);
  if (here && isMeant(here, image.ref)) return here;
  const wanted = baseImageReference({ image });
  if (wanted === undefined) throw runtimeError('ERR_RESTORE_ARCHIVE', 'the checkpoint names no base image');
  const found = images.find(wanted) ?? (await images.pull(wanted, pull));
  if (isMeant(found, image.ref)) return found;
  const message = `${harmless(wanted)} is now image ${found.id}; the checkpoint needs ${harmless(image.ref ?? '')}`;
  throw runtimeError('ERR_RESTORE_REFUSED', message, {
    hint: 'pull the very image that the container ran, by digest',
  });
}

/** Whether `found` is what a reference by id or digest means; a mere name means whatever it stands for. */
function isMeant(found: ImageRecord, ref: string | undefined): boolean {
  const [, id] = /^(?:sha256:)?([0-9a-f]{64})$/.exec(ref ?? '') ?? [];
  if (id !== undefined) return found.id === id;
  const [, digest] = /@(sha256:[0-9a-f]{64})$/.exec(ref ?? '') ?? [];
  if (digest === undefined) return true;
  return found.manifest.digest === digest || found.repoDigests.some((name) => name.endsWith(`@${digest}`));
}
