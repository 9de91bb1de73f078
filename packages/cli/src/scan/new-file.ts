/** A result that is to be a new file. */
import { stat } from 'node:fs/promises';
import { harmless } from '@stillframe/core';
import { custodyPath, evidencePath } from '@stillframe/evidence';
import { cliError } from '../usage.ts';

/** Throws ERR_OUTPUT_EXISTS, before minutes are spent; who comes first is decided when it is written. */
export async function demandNew(path: string): Promise<void> {
  if (!(await stat(path).catch(() => undefined))) return;
  throw cliError('ERR_OUTPUT_EXISTS', `${harmless(path)} exists already`);
}

/**
 * Demands that `path` is new, or a plain file that may go: no device, and nothing that is or lies beside a checkpoint as its proof.
 * Throws ERR_OUTPUT_NO_FILE and ERR_OUTPUT_IS_EVIDENCE.
 */
export async function demandReplaceable(path: string, checkpoint: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (!there) return;
  if (!there.isFile()) {
    const kind = there.isDirectory() ? 'is a folder, not a file' : 'is no plain file';
    throw cliError('ERR_OUTPUT_NO_FILE', `${harmless(path)} ${kind}`);
  }
  for (const kept of [checkpoint, evidencePath(checkpoint), custodyPath(checkpoint)]) {
    const other = await stat(kept).catch(() => undefined);
    if (other?.ino === there.ino && other.dev === there.dev)
      throw cliError('ERR_OUTPUT_IS_EVIDENCE', `${harmless(path)} is evidence, and is not replaced`);
  }
}
