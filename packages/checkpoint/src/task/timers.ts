/** Interval timers and POSIX timers (task_timers_entry; setitimer(2), timer_create(2)). Times are nanoseconds. */
import type { itimer_entry, posix_timer_entry, task_timers_entry } from '@stillframe/criu-image/proto';

/** One of the three that every process has. */
export interface IntervalTimer {
  /** `real` sends SIGALRM, `virtual` SIGVTALRM, `prof` SIGPROF. */
  readonly timer: 'real' | 'virtual' | 'prof';
  /** Zero for one that rings once. */
  readonly interval: bigint;
  /** Until it rings. */
  readonly remaining: bigint;
}

/** One that the process made. */
export interface PosixTimer {
  readonly id: number;
  /** `CLOCK_MONOTONIC`; `CPU time of process 7`; `clock 99` for what has no name. */
  readonly clock: string;
  /** Zero for one that rings once. */
  readonly interval: bigint;
  /** Until it rings; zero for one that does not run. */
  readonly remaining: bigint;
  /** `SIGEV_SIGNAL`, `SIGEV_NONE`, `SIGEV_THREAD`, `SIGEV_THREAD_ID`. */
  readonly notify: string;
  /** Number of the signal that it sends. */
  readonly signalNumber: number;
  /** sival_ptr: what the program gets with the signal. */
  readonly value: bigint;
  /** Rings that were not delivered one by one. */
  readonly overrun: number;
  /** The thread that is told, where one is named. */
  readonly thread: number | undefined;
}

/** Those that run, and those that were made. */
export interface Timers {
  readonly interval: readonly IntervalTimer[];
  readonly posix: readonly PosixTimer[];
}

const SECOND = 1_000_000_000n;
const MICROSECOND = 1000n;
const CLOCKS: Readonly<Record<number, string>> = {
  ...{ 0: 'REALTIME', 1: 'MONOTONIC', 2: 'PROCESS_CPUTIME_ID', 3: 'THREAD_CPUTIME_ID', 4: 'MONOTONIC_RAW' },
  ...{ 5: 'REALTIME_COARSE', 6: 'MONOTONIC_COARSE', 7: 'BOOTTIME', 8: 'REALTIME_ALARM', 9: 'BOOTTIME_ALARM' },
  11: 'TAI',
};
const NOTIFY: Readonly<Record<number, string>> = { 0: 'SIGNAL', 1: 'NONE', 2: 'THREAD', 4: 'THREAD_ID' };

/** Reads the timers of one process. */
export function timersOf({ real, virt, prof, posix }: Partial<task_timers_entry>): Timers {
  const interval = [intervalTimer('real', real), intervalTimer('virtual', virt), intervalTimer('prof', prof)];
  return { interval: interval.filter((timer) => timer !== undefined), posix: (posix ?? []).map(posixTimer) };
}

function intervalTimer(timer: IntervalTimer['timer'], entry: itimer_entry | undefined): IntervalTimer | undefined {
  if (!entry) return undefined;
  const interval = entry.isec * SECOND + entry.iusec * MICROSECOND;
  const remaining = entry.vsec * SECOND + entry.vusec * MICROSECOND;
  return interval === 0n && remaining === 0n ? undefined : { timer, interval, remaining };
}

function posixTimer(entry: posix_timer_entry): PosixTimer {
  const notify = NOTIFY[entry.itSigevNotify];
  return {
    id: entry.itId,
    clock: clockName(entry.clockId),
    interval: entry.isec * SECOND + entry.insec,
    remaining: entry.vsec * SECOND + entry.vnsec,
    notify: notify === undefined ? `notify ${entry.itSigevNotify}` : `SIGEV_${notify}`,
    signalNumber: entry.siSigno,
    value: entry.sivalPtr,
    overrun: entry.overrun,
    thread: entry.notifyThreadId || undefined,
  };
}

/** Negative numbers are clocks of one process, thread or device: `~pid << 3` with what is counted (linux/posix-timers.h). */
function clockName(id: number): string {
  const name = CLOCKS[id];
  if (name !== undefined) return `CLOCK_${name}`;
  const signed = id | 0;
  if (signed >= 0 || (signed & 3) === 3) return `clock ${signed}`;
  const pid = ~(signed >> 3);
  return `CPU time of ${(signed & 4) === 0 ? 'process' : 'thread'} ${pid === 0 ? 'itself' : pid}`;
}
