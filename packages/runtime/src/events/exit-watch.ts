/** Notices the end of containers by the files that their monitors write, also for containers of an earlier daemon. */
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@stillframe/core';
import type { NodeContext } from '../context.ts';

/**
 * Calls `ended` once for each container whose exit file appears from now on. Monitors write `ID.XXXXXX` and rename, and
 * the system tells of each step, so only whole names count. Disposing stops it.
 */
export function watchExits(
  context: Pick<NodeContext, 'folders' | 'containers' | 'logger'>,
  ended: (containerID: string) => void,
): Disposable {
  const told = new Set<string>();
  const look = async (name: string) => {
    if (told.has(name) || !context.containers.get(name)) return;
    if (!(await stat(join(context.folders.exits, name)).catch(() => undefined)) || told.has(name)) return;
    told.add(name);
    ended(name);
    // What is gone is never told of again; keeping its id would only grow the set.
    if (told.size > 4096) for (const id of told) if (!context.containers.get(id)) told.delete(id);
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(context.folders.exits, { persistent: false }, (_event, name) => {
      if (name !== null && /^[0-9a-f]{64}$/.test(name)) void look(name);
    });
    watcher.on('error', (error) => context.logger.log('error', 'exits are not watched', { reason: messageOf(error) }));
  } catch (error) {
    // Without inotify states are right all the same; only nobody is told of them.
    context.logger.log('error', 'exits cannot be watched', { reason: messageOf(error) });
  }
  return { [Symbol.dispose]: () => watcher?.close() };
}
