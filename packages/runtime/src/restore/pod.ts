/** RestorePod (cri-api, KEP-5823): a sandbox and its containers from a folder of archives; all wait for their start. */
import { join } from 'node:path';
import { UndoStack } from '@stillframe/core';
import { refuseOptions } from '../checkpoint/pod.ts';
import { readPodContents } from '../checkpoint/pod-documents.ts';
import type { ContainerRequest } from '../container/request.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { PullOptions } from '../image/image-store.ts';
import { removeSandbox, runSandbox, type SandboxRequest } from '../sandbox/sandbox.ts';
import type { PodRestoreOperation } from '../store/operation-journal.ts';
import { createFromCheckpoint } from './create.ts';
import { checkExpected } from './expected.ts';
import { openSource } from './source.ts';

export interface PodRestoreRequest {
  /** The folder that CheckpointPod filled. */
  checkpointPath: string;
  sandbox: SandboxRequest;
  /** One for each container of the checkpoint, matched by name; its image is the one that is expected. */
  containers: readonly ContainerRequest[];
  /** None is known yet: any is refused. */
  options: Readonly<Record<string, string>>;
}

export interface RestoredPod {
  sandboxID: string;
  containers: { name: string; containerID: string }[];
}

/**
 * Everything is created; nothing of it runs. Throws ERR_CHECKPOINT_OPTION, ERR_RESTORE_ARCHIVE, ERR_RESTORE_REFUSED and
 * what the making of a sandbox and of a restored container throws; nothing is then left.
 */
export async function restorePod(
  context: NodeContext,
  request: PodRestoreRequest,
  pull: PullOptions,
): Promise<RestoredPod> {
  refuseOptions(request.options);
  const contents = await readPodContents(request.checkpointPath);
  const archives = matched(contents, request.containers).map(({ container, file }) => ({
    container,
    path: join(request.checkpointPath, file),
  }));
  for (const { container, path } of archives) {
    await using checkpoint = await openSource(path);
    await checkExpected(checkpoint, container, (reference) => context.images.find(reference), pull);
  }
  await using undo = new UndoStack({ deadline: 60_000 });
  const noted = new UndoStack();
  undo.push('journal', () => noted[Symbol.asyncDispose]());
  const sandbox = await runSandbox(context, request.sandbox, async (sandboxID) => {
    const { checkpointPath } = request;
    const note = await context.journal.begin<PodRestoreOperation>({ kind: 'restore-pod', sandboxID, checkpointPath });
    noted.push('journal', () => note[Symbol.asyncDispose]());
  });
  undo.push('sandbox', () => removeSandbox(context, sandbox.id));
  context.onStep('restore-pod-sandbox');
  const restored: RestoredPod = { sandboxID: sandbox.id, containers: [] };
  for (const { container, path } of archives) {
    pull.signal?.throwIfAborted();
    const { id, name } = await createFromCheckpoint(context, sandbox, { ...container, image: path }, path, pull);
    restored.containers.push({ name, containerID: id });
    context.onStep('restore-pod-container');
  }
  undo.keep();
  await noted[Symbol.asyncDispose]();
  context.onStep('restore-pod-done');
  return restored;
}

/** Each container with its file. Throws ERR_RESTORE_REFUSED unless the names are the very set of the checkpoint. */
function matched(contents: ReadonlyMap<string, string>, containers: readonly ContainerRequest[]) {
  const names = containers.map(({ name }) => name);
  if (
    names.length === 0 ||
    new Set(names).size !== names.length ||
    names.length !== contents.size ||
    !names.every((name) => contents.has(name))
  ) {
    throw runtimeError(
      'ERR_RESTORE_REFUSED',
      `the checkpoint is of the containers ${[...contents.keys()].join(', ')}`,
      {
        hint: 'name exactly these, each once',
      },
    );
  }
  return containers.map((container) => ({ container, file: contents.get(container.name) ?? '' }));
}
