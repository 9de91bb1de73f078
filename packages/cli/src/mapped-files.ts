/** `--fill-files` and `--image`: opens what pages of mapped files are taken from. */
import { stat } from 'node:fs/promises';
import {
  type BaseImage,
  type Checkpoint,
  type OpenMappedFiles,
  openBaseImage,
  openBaseImageFile,
  openMappedFiles,
} from '@stillframe/checkpoint';
import { UndoStack } from '@stillframe/core';
import type { Io } from './io.ts';
import { isPathLike } from './open-evidence.ts';
import { openSource } from './open-location.ts';
import type { RegistryFlags } from './registries/flags.ts';

/** Undefined where neither option is given: then such pages are absent. */
export async function openFilling(
  checkpoint: Checkpoint,
  { fillFiles, image, ...flags }: { fillFiles?: boolean; image?: string } & RegistryFlags,
  io: Io,
): Promise<OpenMappedFiles | undefined> {
  if (!fillFiles && image === undefined) return undefined;
  const closing = new UndoStack();
  try {
    const base = image === undefined ? undefined : await openBase(image, io, closing, flags);
    const files = await openMappedFiles(checkpoint, { image: base?.layers, signal: io.signal });
    closing.push('files', () => files[Symbol.asyncDispose]());
    return {
      open: (id, options) => files.open(id, options),
      [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose](),
    };
  } catch (error) {
    await closing[Symbol.asyncDispose]();
    throw error;
  }
}

/** The image at a path or reference, whose closing goes on `closing`. */
export async function openBase(where: string, io: Io, closing: UndoStack, flags: RegistryFlags): Promise<BaseImage> {
  const isPath = isPathLike(where) || (await stat(where).catch(() => undefined)) !== undefined;
  const open = async () => {
    if (isPath) return openBaseImageFile(where, { signal: io.signal });
    const location = await openSource(where, io, flags);
    closing.push('location', () => location[Symbol.asyncDispose]());
    return openBaseImage(location.store, location.tag, { signal: io.signal });
  };
  const image = await open();
  closing.push('image', () => image[Symbol.asyncDispose]());
  return image;
}
