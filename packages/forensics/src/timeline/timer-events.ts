/** When timers would have rung next: what a program was about to do. */
import { type Checkpoint, readOpenFiles, readProcesses, readTasks } from '@stillframe/checkpoint';
import type { SignalOptions } from '@stillframe/criu-image';
import type { EvidenceReference } from '../reference.ts';
import type { DumpBegin } from './capture-events.ts';
import type { TimelineEvent } from './event.ts';

/** Timers that are told; a forger makes as many as he likes. */
const MOST = 100_000;

/** Events in no order, counted from the begin of the dump. Timers of processor time are none: nobody knows when that is used. */
export async function timerEvents(
  { images }: Checkpoint,
  begin: DumpBegin,
  options: SignalOptions = {},
): Promise<readonly TimelineEvent[]> {
  const events: TimelineEvent[] = [];
  const add = (remaining: bigint, message: string, reference: EvidenceReference, interval: bigint) => {
    if (remaining <= 0n || events.length >= MOST) return;
    events.push({
      time: begin.time + remaining,
      ...{ source: 'timer', description: 'rings next', message, precision: 'derived', clock: 'engine', reference },
      fields: { countedFrom: begin.from, interval: Number(interval) },
    });
  };
  const processes = await readProcesses(images, options);
  for await (const { pid, name, facts } of readTasks(images, { processes, ...options })) {
    if (facts.state !== 'present' || !facts.timers) continue;
    const reference = { kind: 'process', pid } as const;
    const whose = `process ${pid} (${name ?? '?'})`;
    for (const { timer, remaining, interval } of facts.timers.interval)
      if (timer === 'real') add(remaining, `alarm of ${whose}`, reference, interval);
    for (const { clock, remaining, interval, id } of facts.timers.posix)
      if (clock.startsWith('CLOCK_')) add(remaining, `timer ${id} of ${whose} on ${clock}`, reference, interval);
  }
  const open = await readOpenFiles(images, processes, options);
  const met = new Set<number>();
  for (const { pid, fd, fileId } of open.descriptors) {
    const target = met.has(fileId) ? undefined : open.files.target(fileId);
    met.add(fileId);
    if (target?.type !== 'timerfd') continue;
    const { clock, remaining, interval } = target.timer;
    add(remaining, `timer behind fd ${fd} of process ${pid} on ${clock}`, { kind: 'fd', pid, fd }, interval);
  }
  return events;
}
