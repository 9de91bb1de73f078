/** Whether a captured filesystem diff may be unpacked here: it is an attacker's tar, and may claim to be any size. */
import { statfs } from 'node:fs/promises';
import { type Checkpoint, openRootfsDiff } from '@stillframe/checkpoint';
import { bytesText } from '@stillframe/core';
import { runtimeError } from '../errors.ts';

/** Bytes that stay free on the node's filesystem whatever is restored. */
const RESERVE = 1 << 30;

/**
 * Adds up what the diff holds without unpacking it; a compressed one goes through the reader's own bound on ratio and
 * size. Throws ERR_RESTORE_REFUSED where it does not fit into `folder`'s filesystem, ERR_ARCHIVE_TOO_LARGE for a bomb.
 */
export async function demandRoom(checkpoint: Checkpoint, folder: string): Promise<void> {
  await using diff = await openRootfsDiff(checkpoint, { partial: true });
  if (!diff) return;
  let needed = 0;
  for (const { size } of diff.entries.values()) needed += size;
  const { bavail, bsize } = await statfs(folder);
  if (needed <= bavail * bsize - RESERVE) return;
  throw runtimeError(
    'ERR_RESTORE_REFUSED',
    `the filesystem changes of the checkpoint take ${bytesText(needed)}, which ${folder} has no room for`,
    {
      hint: 'free space there, or look at the changes first: they may be a bomb',
    },
  );
}
