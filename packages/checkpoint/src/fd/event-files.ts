/** What eventfd, epoll, signalfd, timerfd and pidfd files hold. */
import type { eventpoll_file_entry, pidfd_entry, timerfd_entry } from '@stillframe/criu-image/proto';
import { type NamedBits, nameOfNumber, namesOfBits } from '../flag-names.ts';
import { recorded } from '../recorded.ts';

/** One file that an epoll instance watches. */
export interface EpollWatch {
  /** In the fd table of the process that CRIU met the instance in first. */
  readonly fd: number;
  /** EPOLL* by name. */
  readonly events: readonly string[];
  /** What epoll_wait gives back with an event. */
  readonly data: bigint;
  /** Inode of the watched file; undefined in dumps of old CRIU. */
  readonly inode: bigint | undefined;
}

/** Times are in nanoseconds. */
export interface TimerState {
  readonly clock: string;
  /** Until it fires next; 0 for a timer that is not armed. */
  readonly remaining: bigint;
  /** Between later ones; 0 for once. */
  readonly interval: bigint;
  /** Expirations that nobody has read. */
  readonly expirations: bigint;
  /** TFD_TIMER_* by name. */
  readonly settings: readonly string[];
}

/** eventpoll.h of the kernel. */
const EPOLL: NamedBits = [
  ['EPOLLIN', 0x1],
  ['EPOLLPRI', 0x2],
  ['EPOLLOUT', 0x4],
  ['EPOLLERR', 0x8],
  ['EPOLLHUP', 0x10],
  ['EPOLLNVAL', 0x20],
  ['EPOLLRDNORM', 0x40],
  ['EPOLLRDBAND', 0x80],
  ['EPOLLWRNORM', 0x100],
  ['EPOLLWRBAND', 0x200],
  ['EPOLLMSG', 0x400],
  ['EPOLLRDHUP', 0x2000],
  ['EPOLLEXCLUSIVE', 0x10000000],
  ['EPOLLWAKEUP', 0x20000000],
  ['EPOLLONESHOT', 0x40000000],
  ['EPOLLET', 0x80000000],
];

/** clockid_t (uapi time.h). */
const CLOCKS: Readonly<Record<number, string>> = {
  0: 'CLOCK_REALTIME',
  1: 'CLOCK_MONOTONIC',
  7: 'CLOCK_BOOTTIME',
  8: 'CLOCK_REALTIME_ALARM',
  9: 'CLOCK_BOOTTIME_ALARM',
};

const TIMER_SETTINGS: NamedBits = [
  ['TFD_TIMER_ABSTIME', 1],
  ['TFD_TIMER_CANCEL_ON_SET', 2],
];

const SECOND = 1_000_000_000n;

/** The watches in the order that the kernel told them. */
export function epollWatches({ tfd }: eventpoll_file_entry): readonly EpollWatch[] {
  return tfd.map((watch) => ({
    fd: watch.tfd,
    events: namesOfBits(watch.events, EPOLL),
    data: watch.data,
    inode: recorded(watch, 'inode'),
  }));
}

export function timerState(timer: timerfd_entry): TimerState {
  return {
    clock: nameOfNumber(timer.clockid, CLOCKS, 'clock'),
    remaining: timer.vsec * SECOND + timer.vnsec,
    interval: timer.isec * SECOND + timer.insec,
    expirations: timer.ticks,
    settings: namesOfBits(timer.settimeFlags, TIMER_SETTINGS),
  };
}

/** O_EXCL is PIDFD_THREAD: the file stands for one thread (pidfd_open(2)). */
const PIDFD_THREAD = 0o200;

/** Whom a pidfd stands for: `pid` is that in the namespace of the dump, undefined for a process that is gone. */
export function pidfdSubject({ nspid, flags }: pidfd_entry): { pid: number | undefined; thread: boolean } {
  return { pid: nspid > 0 ? nspid : undefined, thread: (flags & PIDFD_THREAD) !== 0 };
}
