/** What kind of thing an fd leads to, in the words of the TYPE column and of `--type`. */
import type { FileTarget } from '@stillframe/checkpoint';

/** All words that `--type` takes; `inet` and `socket` stand for several. */
export const TYPE_WORDS = [
  ...['file', 'directory', 'character-device', 'block-device', 'link', 'pipe', 'fifo', 'memfd', 'tty'],
  ...['tcp', 'udp', 'unix', 'netlink', 'packet', 'inet', 'socket'],
  ...['eventfd', 'epoll', 'signalfd', 'timerfd', 'inotify', 'fanotify', 'pidfd', 'namespace', 'bpf-map', 'tun'],
  ...['external', 'unknown', 'missing'],
] as const;

const SOCKETS = {
  'inet-socket': 'inet',
  'unix-socket': 'unix',
  'netlink-socket': 'netlink',
  'packet-socket': 'packet',
} as const;

/** `file`, `directory`, `tcp`, `eventfd`… */
export function typeWord(target: FileTarget): string {
  switch (target.type) {
    case 'file':
      // Dumps of old CRIU record no mode; nearly all such are regular.
      return target.kind === 'regular' || target.kind === 'unknown' ? 'file' : target.kind;
    case 'inet-socket':
      return target.protocol;
    case 'unix-socket':
    case 'netlink-socket':
    case 'packet-socket':
      return SOCKETS[target.type];
    default:
      return target.type;
  }
}

/** Whether the target is of one of these types. */
export function isOfType(target: FileTarget, words: ReadonlySet<string>): boolean {
  if (words.has(typeWord(target))) return true;
  if (!(target.type in SOCKETS)) return false;
  return words.has('socket') || (target.type === 'inet-socket' && words.has('inet'));
}
