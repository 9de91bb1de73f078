/** StopContainer: the signal that the image or the request names, a time of grace, then the kill. */
import { setTimeout as delay } from 'node:timers/promises';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { ContainerRecord } from '../store/records.ts';
import { signalNumber } from './signals.ts';
import { statusOf } from './status.ts';

/** Milliseconds between two looks at a container that is asked to end. */
const STOP_POLL = 10;
/** Milliseconds until a killed container must be gone. */
const KILL_GRACE = 10_000;
/** Number of SIGTERM. */
const TERM = 15;

/** When the containers that are being stopped are killed, in milliseconds since 1970. */
const deadlines = new WeakMap<NodeContext, Map<string, number>>();

/**
 * Notes that the container is to be killed in `timeout` seconds. A stop under way with more patience is cut short by
 * it: kubelet deletes a pod at once that was given half a minute before.
 */
export function noteDeadline(context: NodeContext, id: string, timeout: number): void {
  const all = deadlines.get(context) ?? new Map<string, number>();
  deadlines.set(context, all);
  const asked = Date.now() + Math.max(0, timeout) * 1000;
  all.set(id, Math.min(asked, all.get(id) ?? asked));
}

/** Ends a running container. The caller holds its lock. Throws ERR_PROCESS_TIMEOUT for one that survives the kill. */
export async function endContainer(context: NodeContext, record: ContainerRecord): Promise<void> {
  const deadline = () => deadlines.get(context)?.get(record.id) ?? 0;
  if (deadline() > Date.now()) {
    const number = signalNumber(record.stopSignal ?? '') ?? TERM;
    await context.oci.kill(record.id, String(number));
    if (await endsBefore(context, record, deadline)) return;
  }
  await context.oci.killAll(record.id);
  await awaitEnd(context, record);
}

/** Waits for the end of a killed container. Throws ERR_PROCESS_TIMEOUT for one that survives. */
export async function awaitEnd(context: NodeContext, record: ContainerRecord): Promise<void> {
  const last = Date.now() + KILL_GRACE;
  if (await endsBefore(context, record, () => last)) return;
  throw runtimeError('ERR_PROCESS_TIMEOUT', `container ${record.id} did not end ${KILL_GRACE} ms after it was killed`);
}

/** Called once the container has ended, whatever the outcome. */
export function forgetDeadline(context: NodeContext, id: string): void {
  deadlines.get(context)?.delete(id);
}

async function endsBefore(context: NodeContext, record: ContainerRecord, deadline: () => number): Promise<boolean> {
  do {
    if ((await statusOf(context, record)).state === 'exited') return true;
    await delay(STOP_POLL);
  } while (Date.now() < deadline());
  return (await statusOf(context, record)).state === 'exited';
}
