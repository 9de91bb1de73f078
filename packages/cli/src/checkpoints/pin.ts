/** Pins: an empty file beside the archive, which the checkpoint-restore-operator heeds as well. */
import { constants } from 'node:fs';
import { open, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { POD_OPTIONS } from '@stillframe/checkpoint';
import { harmless, systemCode } from '@stillframe/core';
import { syncFolder } from '@stillframe/core/file';
import { cliError } from '../usage.ts';
import { KEEP, sideFilesOf } from './side-files.ts';
import type { CheckpointUnit } from './unit.ts';

/** Bytes of a pin that are looked at; the operator writes who needs the archive into its own. */
const LOOKED_AT = 64 << 10;

/** Path of the pin that is set. A pod's lies beside its list. */
function pinOf({ kind, path }: CheckpointUnit): string {
  return kind === 'pod' ? join(path, `${POD_OPTIONS}${KEEP}`) : `${path}${KEEP}`;
}

/** False where it was pinned already. */
export async function pin(unit: CheckpointUnit): Promise<boolean> {
  if (unit.pinned) return false;
  const path = pinOf(unit);
  try {
    await using _file = await open(path, 'wx', 0o600);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

/** False where it was not pinned. Throws ERR_CHECKPOINT_PIN_FOREIGN for a pin that another program keeps for itself. */
export async function unpin({ kind, path, archives }: CheckpointUnit): Promise<boolean> {
  const folder = kind === 'pod' ? path : dirname(path);
  const names = await readdir(folder);
  const pinned = [...archives.map((each) => each.slice(folder.length + 1)), ...(kind === 'pod' ? [POD_OPTIONS] : [])]
    .map((name) => `${name}${KEEP}`)
    .filter((keep) => names.includes(keep) && sideFilesOf(keep.slice(0, -KEEP.length), names).includes(keep));
  for (const keep of pinned) await demandOurs(join(folder, keep));
  for (const keep of pinned) await unlink(join(folder, keep));
  if (pinned.length > 0) await syncFolder(folder);
  return pinned.length > 0;
}

async function demandOurs(path: string): Promise<void> {
  let owner: unknown;
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(LOOKED_AT);
    const { bytesRead } = await file.read(bytes, 0, LOOKED_AT, 0);
    owner = JSON.parse(bytes.toString('utf8', 0, bytesRead))?.managedBy;
  } catch {
    // Notes of people are no JSON.
    return;
  }
  if (typeof owner !== 'string') return;
  throw cliError('ERR_CHECKPOINT_PIN_FOREIGN', `${harmless(path)} is kept by ${harmless(owner.slice(0, 100))}`);
}
