/**
 * Giving finished files their names, all or none. Noted in the journal first: a node that is killed meanwhile completes
 * it at its next start, so that no archive is ever without its evidence and no pod without its list.
 */
import { rm, stat } from 'node:fs/promises';
import { isCode, UndoStack } from '@stillframe/core';
import { publish } from '@stillframe/core/file';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { CheckpointOperation, Noted, Publication } from '../store/operation-journal.ts';
import { endCaptured } from './end-captured.ts';

/** Throws ERR_CHECKPOINT_EXISTS where somebody took a name meanwhile; none of the files has its name then. */
export async function publishAll(
  context: NodeContext,
  operation: Noted<CheckpointOperation>,
  publication: Publication,
): Promise<void> {
  await operation.add({ publication });
  context.onStep('checkpoint-committed');
  await using undo = new UndoStack();
  // First of all, so that a node killed in the undoing does not complete what is being undone.
  const named: string[] = [];
  undo.push('names', async () => {
    await operation.add({ publication: undefined });
    for (const path of named) await rm(path, { force: true });
  });
  for (const { from, to } of publication.files) {
    await nameFile(from, to);
    named.push(to);
    context.onStep('checkpoint-named');
  }
  undo.keep();
  context.onStep('checkpoint-published');
  await settle(context, publication);
  context.onStep('checkpoint-recorded');
}

/** Ends what a killed node began. Where that fails, a name being taken meanwhile, none of the files keeps its own. */
export async function completePublication(context: NodeContext, publication: Publication): Promise<void> {
  const left = await Promise.all(publication.files.map(async (file) => ({ ...file, state: await stateOf(file) })));
  const named = left.filter(({ state }) => state === 'named' || state === 'both').map(({ to }) => to);
  try {
    for (const { from, to, state } of left) {
      if (state === 'both') await rm(from);
      if (state !== 'waiting') continue;
      await nameFile(from, to);
      named.push(to);
    }
  } catch (error) {
    for (const path of named) await rm(path, { force: true });
    throw error;
  }
  await settle(context, publication);
}

/** What holds once the files have their names. */
async function settle(context: NodeContext, { captured, ending }: Publication): Promise<void> {
  for (const { containerID, figures } of captured) {
    const record = context.containers.get(containerID);
    if (record) await context.containers.put({ ...record, lastCheckpoint: figures });
    context.logger.log('info', 'container checkpointed', { containerID, ...figures });
  }
  for (const each of ending) await endCaptured(context, each);
}

/** `both`: the node died between giving the name and taking the temporary one away. */
async function stateOf({ from, to }: Publication['files'][number]) {
  const [here, there] = await Promise.all([from, to].map((path) => stat(path).catch(() => undefined)));
  if (!here) return 'named';
  if (here.ino === there?.ino && here.dev === there.dev) return 'both';
  return 'waiting';
}

async function nameFile(from: string, to: string): Promise<void> {
  try {
    await publish(from, to, { replace: false });
  } catch (cause) {
    if (!isCode(cause, 'ERR_FILE_EXISTS')) throw cause;
    throw runtimeError('ERR_CHECKPOINT_EXISTS', `${to} exists already`, { cause });
  }
}
