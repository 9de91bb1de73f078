/** Telling plugins that a container has ended, once, whoever notices it first: the one who stops it or the watch on exits. */
import { Event } from '@stillframe/nri';
import { statusOf } from '../container/status.ts';
import type { NodeContext } from '../context.ts';
import type { ContainerRecord, SandboxRecord } from '../store/records.ts';
import { informPlugins, logged, podOf } from './tell.ts';
import { applyUpdates } from './updates.ts';
import { containerInit, containerView, podView } from './views.ts';

/** By container: done, or under way. */
const told = new WeakMap<NodeContext, Map<string, Promise<void>>>();

function toldIn(context: NodeContext) {
  const all = told.get(context) ?? new Map<string, Promise<void>>();
  told.set(context, all);
  return all;
}

/** Settles when the plugins know. The caller must not hold a lock: plugins may want other containers changed. */
export function tellStopped(context: NodeContext, id: string): Promise<void> {
  const all = toldIn(context);
  const telling = all.get(id) ?? logged(context, id, () => tell(context, id, () => all.delete(id)));
  all.set(id, telling);
  return telling;
}

/** Once the container is removed. */
export function forgetStopped(context: NodeContext, id: string): void {
  toldIn(context).delete(id);
}

/** At the start of a node: what ended before is no news to anyone. */
export async function noteStopped(context: NodeContext): Promise<void> {
  for (const record of context.containers.list()) {
    if ((await statusOf(context, record)).state === 'exited') toldIn(context).set(record.id, Promise.resolve());
  }
}

/** `notYet`: it has not ended, as one that waits for its restore has not when it is stopped. */
async function tell(context: NodeContext, id: string, notYet: () => void): Promise<void> {
  // A start that is under way is told to its end first.
  await context.locks.run(id, async () => undefined);
  const record = context.containers.get(id);
  if (!record || (await statusOf(context, record)).state !== 'exited') return notYet();
  if (context.plugins.names.length === 0) return;
  const updates = await context.plugins.stopContainer(podOf(context, record), await containerView(context, record));
  await applyUpdates(context, updates);
}

/** A container that plugins were asked about and that did not come into being: to them it has ended and is gone. */
export async function tellNotCreated(
  context: NodeContext,
  sandbox: SandboxRecord,
  record: ContainerRecord,
): Promise<void> {
  if (context.plugins.names.length === 0) return;
  await logged(context, record.id, async () => {
    await applyUpdates(context, await context.plugins.stopContainer(podView(sandbox), containerInit(record)));
  });
  await informPlugins(context, Event.REMOVE_CONTAINER, record);
}
