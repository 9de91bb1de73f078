/** The work folder of a capture, and the note of it that outlives a killed node. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryBeside } from '@stillframe/core/file';
import type { NodeContext } from '../context.ts';
import type { CheckpointOperation, Noted } from '../store/operation-journal.ts';
import { makeWork } from './location.ts';

export interface NotedWork extends AsyncDisposable {
  /** A fresh folder (mode 0700) on the filesystem of the archive. */
  readonly path: string;
  readonly operation: Noted<CheckpointOperation>;
}

/**
 * Notes a capture of these containers, then makes a work folder in `folder`; disposal removes the folder, then strikes the note
 * out. In this order no moment leaves a folder behind that the next node knows nothing of. Throws ERR_CHECKPOINT_LOCATION.
 */
export async function openWork(
  context: Pick<NodeContext, 'journal' | 'onStep'>,
  containerIDs: readonly string[],
  folder: string,
): Promise<NotedWork> {
  const path = temporaryBeside(join(folder, 'checkpoint'));
  const operation = await context.journal.begin<CheckpointOperation>({
    kind: 'checkpoint',
    containerIDs,
    workFolder: path,
  });
  context.onStep('checkpoint-journalled');
  try {
    await makeWork(path);
  } catch (error) {
    await operation[Symbol.asyncDispose]();
    throw error;
  }
  return {
    path,
    operation,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
      context.onStep('checkpoint-cleared');
      await operation[Symbol.asyncDispose]();
    },
  };
}
