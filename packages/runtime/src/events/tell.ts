/** Derives events from what changes: records that come, change and go, and exit files that appear. */
import { nowNanoseconds } from '../clock.ts';
import type { NodeContext } from '../context.ts';
import { tellStopped } from '../plugins/stopped.ts';
import type { ContainerRecord, SandboxRecord } from '../store/records.ts';
import type { NodeEventKind } from './event-hub.ts';
import { watchExits } from './exit-watch.ts';

/** Feeds `context.events` until disposed, which also ends its subscriptions. */
export function tellEvents(context: NodeContext): Disposable {
  const emit = (kind: NodeEventKind, id: string, sandbox: SandboxRecord | undefined) => {
    if (sandbox) context.events.emit({ kind, id, sandbox, at: nowNanoseconds() });
  };
  const told = (kind: NodeEventKind, record: ContainerRecord) => {
    emit(kind, record.id, context.sandboxes.get(record.sandboxID));
    if (kind === 'stopped') void tellStopped(context, record.id);
  };
  /** Ended before anybody could say that they were started. */
  const early = new Set<string>();
  context.containers.listen((before, after) => {
    if (!before && after) told('created', after);
    if (after?.startedAt !== undefined && before?.startedAt === undefined) {
      told('started', after);
      if (early.delete(after.id)) told('stopped', after);
    }
    if (after?.startError !== undefined && before?.startError === undefined) told('stopped', after);
    if (before && !after) {
      early.delete(before.id);
      told('deleted', before);
    }
  });
  context.sandboxes.listen((before, after) => {
    // A sandbox runs as soon as it is there; kubelet waits for both words.
    if (!before && after) for (const kind of ['created', 'started'] as const) emit(kind, after.id, after);
    if (before?.ready && after?.ready === false) emit('stopped', after.id, after);
    if (before && !after) emit('deleted', before.id, { ...before, ready: false });
  });
  const exits = watchExits(context, (id) => {
    const record = context.containers.get(id);
    if (!record) return;
    if (record.startedAt === undefined) early.add(id);
    else told('stopped', record);
  });
  return {
    [Symbol.dispose]() {
      exits[Symbol.dispose]();
      context.events.close();
    },
  };
}
