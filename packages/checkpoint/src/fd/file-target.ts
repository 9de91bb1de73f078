/** What an open file is (file_entry of files.img, or an image of its own in old dumps). All paths and names are raw text. */
import type {
  bpfmap_file_entry,
  file_entry,
  inet_sk_entry,
  reg_file_entry,
  unix_sk_entry,
} from '@stillframe/criu-image/proto';
import type { Mount } from '../mount/mounts.ts';
import { recorded } from '../recorded.ts';
import { addressText, type Endpoint } from '../socket/address.ts';
import { protocolName, socketTypeName, stateName, unixName } from '../socket/names.ts';
import { type EpollWatch, epollWatches, pidfdSubject, type TimerState, timerState } from './event-files.ts';
import type { Kept } from './kept-file.ts';
import { bpfMapType, fileTypeOf, type MemoryFile, namespaceKind } from './named-files.ts';
import type { Terminal } from './terminal.ts';
import { type FanotifyMark, fanotifyGroupFlags, fanotifyMarks, type InotifyWatch, inotifyWatches } from './watches.ts';

/** Where a file was opened. */
export type MountPlace = Pick<Mount, 'mountpoint' | 'type' | 'source'>;

/** A file with a path. `flags` are those of open(2). */
export interface PathTarget {
  readonly type: 'file';
  /** In the mount namespace of the process. */
  readonly path: string;
  /** By its mode: regular, directory, device… */
  readonly kind: string;
  readonly deleted: boolean;
  /** Where a deleted file's content or a substitute for its name is kept; undefined for one that was not deleted. */
  readonly kept: Kept | undefined;
  /** Undefined where it has none, as a device, and in dumps of old CRIU. */
  readonly size: bigint | undefined;
  readonly position: bigint;
  /** st_mode; undefined in dumps of old CRIU. */
  readonly mode: number | undefined;
  readonly flags: number;
  /** The mount that it was opened through; undefined where the dump has no mounts or not this one. */
  readonly mount: MountPlace | undefined;
  readonly mountId: number | undefined;
}

/** Discriminated by `type`. What a socket holds beside its name and state is in the table of sockets. */
export type FileTarget =
  | PathTarget
  /** `flags` are those of open(2): O_WRONLY (1) is the writing end. */
  | { readonly type: 'pipe'; readonly pipeId: number; readonly flags: number }
  /** `flags` and `mode` are undefined where the file of its path is missing. */
  | {
      readonly type: 'fifo';
      readonly pipeId: number;
      readonly path: string | undefined;
      readonly flags: number | undefined;
      readonly mode: number | undefined;
    }
  | {
      readonly type: 'inet-socket';
      readonly family: 'ipv4' | 'ipv6' | 'unknown';
      readonly protocol: string;
      readonly local: Endpoint;
      readonly remote: Endpoint;
      readonly state: string;
      /** Names `tcp-stream-<hex>.img`. */
      readonly inode: number;
    }
  | {
      readonly type: 'unix-socket';
      readonly socketType: string;
      /** Path, `@name` for an abstract one, empty for an unnamed one. */
      readonly name: string;
      readonly state: string;
      readonly inode: number;
      /** Inode of the other end; 0 for none. */
      readonly peer: number;
    }
  | { readonly type: 'netlink-socket'; readonly protocol: number; readonly portId: number }
  | { readonly type: 'packet-socket'; readonly protocol: number; readonly interfaceIndex: number }
  /** The kernel tells CRIU nothing of EFD_SEMAPHORE. */
  | { readonly type: 'eventfd'; readonly counter: bigint }
  | { readonly type: 'epoll'; readonly watches: readonly EpollWatch[] }
  /** Bit n-1 stands for signal n. */
  | { readonly type: 'signalfd'; readonly signals: bigint }
  | { readonly type: 'timerfd'; readonly clockId: number; readonly timer: TimerState }
  | { readonly type: 'inotify'; readonly watches: readonly InotifyWatch[] }
  /** `eventFlags` are open(2) flags of the files that come with events. */
  | {
      readonly type: 'fanotify';
      readonly marks: readonly FanotifyMark[];
      readonly groupFlags: readonly string[];
      readonly eventFlags: number;
    }
  | {
      readonly type: 'tty';
      readonly path: string | undefined;
      readonly sid: number | undefined;
      readonly terminal: Terminal | undefined;
    }
  | {
      readonly type: 'memfd';
      readonly name: string | undefined;
      readonly size: bigint | undefined;
      readonly memory: MemoryFile | undefined;
    }
  /** `kind` as in /proc/PID/ns: `net`, `mnt`… */
  | { readonly type: 'namespace'; readonly namespaceId: number; readonly kind: string }
  /** `pid` is undefined for a process that is gone; `thread`: the file stands for one thread alone. */
  | { readonly type: 'pidfd'; readonly pid: number | undefined; readonly thread: boolean }
  | {
      readonly type: 'bpf-map';
      readonly name: string;
      readonly mapType: string;
      readonly mapId: number;
      /** Bytes. */
      readonly keySize: number;
      readonly valueSize: number;
      readonly maxEntries: number;
      readonly frozen: boolean;
    }
  | { readonly type: 'tun'; readonly device: string }
  | { readonly type: 'external' }
  /** An entry of a kind not known here, or one without content. */
  | { readonly type: 'unknown' }
  /** The fd refers to a file that files.img does not hold. */
  | { readonly type: 'missing' };

/** What a target needs from other images. */
export interface FileContext {
  /** The regular file with this id. */
  fileOf(id: number): reg_file_entry | undefined;
  /** What was done about the lost name of a file (remap-fpath). */
  keptOf(id: number): Kept | undefined;
  memoryFile(inodeId: number): MemoryFile | undefined;
  terminal(ttyInfoId: number): Terminal | undefined;
  mount(mountId: number): MountPlace | undefined;
}

/** Describes one entry. Exactly one of its message fields is set by CRIU; the first that is set counts. */
export function describeFile(entry: file_entry, context: FileContext): FileTarget {
  return (
    describePath(entry, context) ??
    describeSocket(entry) ??
    describeEvents(entry, context) ??
    describeOther(entry) ?? { type: 'unknown' }
  );
}

function describePath(entry: file_entry, context: FileContext): FileTarget | undefined {
  const { reg, pipe, fifo, tty, memfd } = entry;
  if (reg) return pathTarget(reg, context);
  if (pipe) return { type: 'pipe', pipeId: pipe.pipeId, flags: pipe.flags };
  if (fifo) {
    const file = context.fileOf(fifo.regfId);
    return {
      type: 'fifo',
      pipeId: fifo.pipeId,
      path: file && absolute(file.name),
      flags: file?.flags,
      mode: file?.mode,
    };
  }
  if (tty) {
    const file = context.fileOf(tty.regfId);
    const terminal = context.terminal(tty.ttyInfoId);
    return { type: 'tty', path: file && absolute(file.name), sid: terminal?.sid, terminal };
  }
  if (memfd) {
    const memory = context.memoryFile(memfd.inodeId);
    return { type: 'memfd', name: memory?.name, size: memory?.size, memory };
  }
  return undefined;
}

function pathTarget(reg: reg_file_entry, context: FileContext): PathTarget {
  const mode = recorded(reg, 'mode');
  const kept = context.keptOf(reg.id);
  const mountId = reg.mntId >= 0 ? reg.mntId : undefined;
  return {
    type: 'file',
    path: absolute(reg.name),
    kind: fileTypeOf(mode),
    deleted: kept !== undefined,
    kept,
    size: recorded(reg, 'size'),
    position: reg.pos,
    mode,
    flags: reg.flags,
    mount: mountId === undefined ? undefined : context.mount(mountId),
    mountId,
  };
}

function describeSocket(entry: file_entry): FileTarget | undefined {
  const { isk, usk, nlsk, psk } = entry;
  if (isk) return inetSocket(isk);
  if (usk) return unixSocket(usk);
  if (nlsk) return { type: 'netlink-socket', protocol: nlsk.protocol, portId: nlsk.portid };
  if (psk) return { type: 'packet-socket', protocol: psk.protocol, interfaceIndex: psk.ifindex };
  return undefined;
}

function describeEvents(entry: file_entry, context: FileContext): FileTarget | undefined {
  const { efd, epfd, sgfd, tfd, ify, ffy } = entry;
  if (efd) return { type: 'eventfd', counter: efd.counter };
  if (epfd) return { type: 'epoll', watches: epollWatches(epfd) };
  if (sgfd) return { type: 'signalfd', signals: sgfd.sigmask };
  if (tfd) return { type: 'timerfd', clockId: tfd.clockid, timer: timerState(tfd) };
  if (ify) return { type: 'inotify', watches: inotifyWatches(ify) };
  if (!ffy) return undefined;
  const marks = fanotifyMarks(ffy, (mountId) => context.mount(mountId)?.mountpoint);
  return { type: 'fanotify', marks, groupFlags: fanotifyGroupFlags(ffy), eventFlags: ffy.evflags };
}

function describeOther({ nsf, pidfd, bpf, tunf, ext }: file_entry): FileTarget | undefined {
  if (nsf) return { type: 'namespace', namespaceId: nsf.nsId, kind: namespaceKind(nsf.nsCflag) };
  if (pidfd) return { type: 'pidfd', ...pidfdSubject(pidfd) };
  if (bpf) return bpfMap(bpf);
  if (tunf) return { type: 'tun', device: tunf.netdev };
  return ext ? { type: 'external' } : undefined;
}

function bpfMap({ mapName, mapType, mapId, keySize, valueSize, maxEntries, frozen }: bpfmap_file_entry): FileTarget {
  return {
    type: 'bpf-map',
    name: mapName,
    mapType: bpfMapType(mapType),
    mapId,
    keySize,
    valueSize,
    maxEntries,
    frozen,
  };
}

function inetSocket(socket: inet_sk_entry): FileTarget {
  return {
    type: 'inet-socket',
    family: socket.family === 2 ? 'ipv4' : socket.family === 10 ? 'ipv6' : 'unknown',
    protocol: protocolName(socket.proto),
    local: { address: addressText(socket.srcAddr), port: socket.srcPort },
    remote: { address: addressText(socket.dstAddr), port: socket.dstPort },
    state: stateName(socket.state),
    inode: socket.ino,
  };
}

function unixSocket({ name, type, state, ino, peer }: unix_sk_entry): FileTarget {
  return {
    type: 'unix-socket',
    socketType: socketTypeName(type),
    name: unixName(name),
    state: stateName(state),
    inode: ino,
    peer,
  };
}

/** CRIU keeps paths relative to the root of the mount tree, without the leading slash. */
export function absolute(name: string): string {
  return name.startsWith('/') ? name : `/${name.replace(/^\.\//, '')}`;
}
