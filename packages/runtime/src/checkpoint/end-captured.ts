/**
 * The end of a container that is to end with its checkpoint (leave-running false). It comes last, when the archive has its
 * name: until then the container only stands still, and a capture that fails loses nothing.
 */
import { join } from 'node:path';
import { messageOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { statusOf } from '../container/status.ts';
import { awaitEnd } from '../container/stopping.ts';
import type { NodeContext } from '../context.ts';
import type { Publication } from '../store/operation-journal.ts';
import { choicesOf } from './choices.ts';
import { ociFlags } from './criu-options.ts';

/** Ends the container, frozen or not, silently where it is connected. Does nothing for one that has ended. */
export async function endCaptured(context: NodeContext, { id, connected }: Publication['ending'][number]) {
  const record = context.containers.get(id);
  if (!record || (await statusOf(context, record)).state !== 'running') return;
  if (connected) await endSilently(context, id);
  await context.oci.killAll(id);
  // A frozen process of a cgroup v1 dies once it is thawed.
  if ((await context.oci.state(id))?.status === 'paused') await context.oci.resume(id);
  await awaitEnd(context, record);
}

/**
 * A killed process says goodbye to whom it is connected with, and its copies would be cut off. Only CRIU takes connections
 * away without a word, as the end of a dump; what it writes is thrown away.
 */
async function endSilently(context: NodeContext, id: string): Promise<void> {
  const record = context.containers.get(id);
  if (!record) return;
  await using work = await openTemporaryFolder(context.folders.checkpoints, 'end');
  const { criu } = choicesOf(context, record);
  const request = { imagePath: join(work.path, 'checkpoint'), workPath: work.path, leaveRunning: false };
  await context.oci.checkpoint(id, { ...request, options: ociFlags(criu) }).catch((error) => {
    context.logger.log('warn', 'peers are told of the end', { containerID: id, reason: messageOf(error) });
  });
}
