/** At start: containers whose start the last node did not live to see the end of. */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeContext } from '../context.ts';
import { endRestore } from '../restore/start.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Attempt } from '../sweep.ts';
import { containerFolders } from './folders.ts';
import { bundleSettles, hasMonitor, imagesSettle } from './leftovers.ts';
import { forgetStart, recordStart } from './starting.ts';

export async function sweepStarts(context: NodeContext, attempt: Attempt): Promise<void> {
  for (const record of context.containers.list()) {
    if (record.startError !== undefined) continue;
    if (record.startedAt !== undefined) {
      if (record.restore) await attempt(`images of ${record.id}`, () => endRestore(context, record.id));
    } else if (record.startingAt !== undefined) {
      await attempt(`start of ${record.id}`, () => (record.restore ? adoptRestored : adoptStarted)(context, record));
    }
  }
}

/** What runs, or ran and has ended, was started; what still waits for its start was not. */
async function adoptStarted(context: NodeContext, record: ContainerRecord): Promise<void> {
  const state = await context.oci.state(record.id);
  if (state?.status === 'created') await forgetStart(context, record);
  else await recordStart(context, record, { adopted: true });
}

/**
 * A restored process that has its monitor is as good as any. One without is ended: nobody would write its log or note its
 * end. Its images are still there, so the container is as it was created and can be started again.
 */
async function adoptRestored(context: NodeContext, record: ContainerRecord): Promise<void> {
  const folders = containerFolders(context, record.id);
  const pidFile = join(folders.bundle, 'container.pid');
  await imagesSettle(folders.images);
  await bundleSettles(folders.bundle, pidFile);
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).trim());
  const state = await context.oci.state(record.id);
  const ended = await stat(join(context.folders.exits, record.id)).catch(() => undefined);
  if (pid > 0 && (ended || (state?.status === 'running' && (await hasMonitor(folders.bundle))))) {
    await recordStart(context, record, { pid, adopted: true });
    await endRestore(context, record.id);
    return;
  }
  if (state) await context.oci.delete(record.id);
  for (const file of [pidFile, join(context.folders.exits, record.id)]) await rm(file, { force: true });
  await forgetStart(context, record);
}
