/** An open file as `inspect` tells it: what it is, without what only `files` and `sockets` go into. */
import type { FileTarget } from '@stillframe/checkpoint';

/** As FileTarget, with fewer facts; in place of lists of watches their number, or the fds. */
export type BriefTarget = ReturnType<typeof briefTarget>;

/** Leaves the rest out. */
export function briefTarget(target: FileTarget) {
  switch (target.type) {
    case 'file': {
      const { type, path, deleted, size, position, mode, flags } = target;
      return { type, path, deleted, size, position, mode, flags };
    }
    case 'fifo':
      return { type: target.type, pipeId: target.pipeId, path: target.path };
    case 'epoll':
      return { type: target.type, watched: target.watches.map(({ fd }) => fd) };
    case 'timerfd':
      return { type: target.type, clockId: target.clockId };
    case 'inotify':
      return { type: target.type, watches: target.watches.length };
    case 'fanotify':
      return { type: target.type, marks: target.marks.length };
    case 'tty':
      return { type: target.type, path: target.path, sid: target.sid };
    case 'memfd':
      return { type: target.type, name: target.name, size: target.size };
    case 'bpf-map':
      return { type: target.type, name: target.name };
    default:
      return target;
  }
}
