/** Where a restore comes from: an archive given by path, or a checkpoint image of this node's store. */
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { type Checkpoint, openCheckpoint } from '@stillframe/checkpoint';
import { messageOf, StillframeError } from '@stillframe/core';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';

/** Path of the archive that `image` stands for, or undefined where it is an ordinary image's reference. */
export async function archiveOf(context: NodeContext, image: string): Promise<string | undefined> {
  if (isAbsolute(image)) {
    if (await stat(image).catch(() => undefined)) return image;
    throw runtimeError('ERR_RESTORE_ARCHIVE', `there is no checkpoint archive ${image}`);
  }
  const record = context.images.find(image);
  return record?.checkpoint ? context.images.archivePath(record) : undefined;
}

/** Opens the checkpoint. Throws ERR_RESTORE_ARCHIVE with the reader's own words and hint. */
export async function openSource(path: string): Promise<Checkpoint & AsyncDisposable> {
  try {
    return await openCheckpoint(path);
  } catch (cause) {
    const hint = StillframeError.is(cause) ? cause.hint : undefined;
    throw runtimeError('ERR_RESTORE_ARCHIVE', `not a checkpoint that can be restored: ${messageOf(cause)}`, {
      cause,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
