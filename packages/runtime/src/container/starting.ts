/**
 * A start in two records: that it begins, and that the container runs. A node that is killed between them finds the first
 * and asks the system how it went on.
 */
import { nowNanoseconds } from '../clock.ts';
import type { NodeContext } from '../context.ts';
import type { ContainerRecord } from '../store/records.ts';
import { identityOf } from './status.ts';

/** Notes that the container is being started. */
export function noteStart(context: NodeContext, record: ContainerRecord): Promise<ContainerRecord> {
  return context.containers.put({ ...record, startingAt: nowNanoseconds() });
}

/** Records that it runs, or ran: `pid` is that of the first process, where it is another than when it was created. */
export async function recordStart(
  context: NodeContext,
  { startingAt, ...record }: ContainerRecord,
  { pid, adopted = false }: { pid?: number; adopted?: boolean } = {},
): Promise<ContainerRecord> {
  const first = pid ?? record.pid;
  const known = first === undefined || (first === record.pid && record.pidStart !== undefined);
  const identity = known ? {} : await identityOf(first);
  // One that is adopted started soon after the note; nothing tells when.
  const startedAt = (adopted ? startingAt : undefined) ?? nowNanoseconds();
  return context.containers.put({ ...record, ...identity, startedAt });
}

/** Takes the note back: nothing was started. */
export function forgetStart(context: NodeContext, record: ContainerRecord): Promise<ContainerRecord> {
  const { startingAt: _startingAt, ...rest } = record;
  return context.containers.put(rest);
}
