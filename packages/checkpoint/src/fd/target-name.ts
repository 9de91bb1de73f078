/** What an fd leads to, in one line: the NAME column. Raw text of the evidence: make it harmless where it is shown. */
import { microsecondsText } from '@stillframe/core';
import type { core_entry_march } from '@stillframe/criu-image/proto';
import { endpointText } from '../socket/address.ts';
import { signalsOf } from '../task/signal-names.ts';
import type { FileTarget } from './file-target.ts';

/** Items of a list that are named in the line. */
const NAMED = 4;

/** `machine`: whose numbers signals have. */
export function targetName(target: FileTarget, machine: core_entry_march): string {
  switch (target.type) {
    case 'file':
      return `${target.path}${target.deleted ? ' (deleted)' : ''}`;
    case 'pipe':
      return `pipe:[${target.pipeId}]`;
    case 'fifo':
      return target.path ?? `fifo:[${target.pipeId}]`;
    case 'memfd':
      return `memfd:${target.name ?? '?'}`;
    case 'tty':
      return target.path ?? (target.terminal ? `${target.terminal.kind} ${target.terminal.device}` : 'tty');
    case 'inet-socket':
    case 'unix-socket':
    case 'netlink-socket':
    case 'packet-socket':
      return socketName(target);
    default:
      return anonymousName(target, machine);
  }
}

function socketName(target: Extract<FileTarget, { type: `${string}-socket` }>): string {
  switch (target.type) {
    case 'inet-socket': {
      const { local, remote, state } = target;
      const ends = remote.port === 0 ? endpointText(local) : `${endpointText(local)} → ${endpointText(remote)}`;
      return `${ends} ${state}`;
    }
    case 'unix-socket':
      return `${target.name || `socket:[${target.inode}]`} ${target.socketType} ${target.state}`;
    case 'netlink-socket':
      return `netlink protocol ${target.protocol} port ${target.portId}`;
    default:
      return `packet interface ${target.interfaceIndex === 0 ? 'any' : target.interfaceIndex}`;
  }
}

function anonymousName(target: FileTarget, machine: core_entry_march): string {
  switch (target.type) {
    case 'eventfd':
      return `counter ${target.counter}`;
    case 'epoll':
      return `watches ${listed(target.watches, ({ fd }) => String(fd))}`;
    case 'signalfd':
      return listed(signalsOf(target.signals, machine), (name) => name);
    case 'timerfd':
      return timerName(target.timer);
    case 'inotify':
      return listed(target.watches, ({ path, inode }) => path ?? `inode ${inode}`);
    case 'fanotify':
      return listed(target.marks, ({ inode, mount }) => inode?.path ?? mount?.path ?? `inode ${inode?.inode ?? '?'}`);
    case 'namespace':
      return `${target.kind} namespace ${target.namespaceId}`;
    case 'pidfd':
      return target.pid === undefined ? 'of a process that is gone' : `process ${target.pid}`;
    case 'bpf-map':
      return `${target.name} (${target.mapType})`;
    case 'tun':
      return target.device;
    case 'missing':
      return 'files.img does not hold it';
    default:
      return target.type;
  }
}

function timerName({ clock, remaining, interval }: Extract<FileTarget, { type: 'timerfd' }>['timer']): string {
  if (remaining === 0n) return `${clock} not armed`;
  return `${clock} in ${nanosecondsText(remaining)}${interval === 0n ? '' : `, then every ${nanosecondsText(interval)}`}`;
}

/** Nanoseconds as people read them. */
function nanosecondsText(nanoseconds: bigint): string {
  return nanoseconds < 1000n ? `${nanoseconds} ns` : microsecondsText(Number(nanoseconds / 1000n));
}

/** The first items, and how many more there are. */
function listed<T>(items: readonly T[], text: (item: T) => string): string {
  if (items.length === 0) return 'nothing';
  const shown = items.slice(0, NAMED).map(text).join(', ');
  return items.length > NAMED ? `${shown} and ${items.length - NAMED} more` : shown;
}
