/** What an open file is (file_entry of files.img, or an image of its own in old dumps). All paths and names are raw text. */
import type { file_entry, inet_sk_entry, unix_sk_entry } from '@stillframe/criu-image/proto';

/** An end of a connection. `address` in text form, `port` 0 where none is bound. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Discriminated by `type`. */
export type FileTarget =
  | {
      readonly type: 'file';
      readonly path: string;
      readonly deleted: boolean;
      readonly size: bigint;
      readonly position: bigint;
      readonly mode: number /** open(2) flags. */;
      readonly flags: number;
    }
  /** `flags` are those of open(2): O_WRONLY (1) is the writing end. */
  | { readonly type: 'pipe'; readonly pipeId: number; readonly flags: number }
  | { readonly type: 'fifo'; readonly pipeId: number; readonly path: string | undefined }
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
  | { readonly type: 'eventfd'; readonly counter: bigint }
  | { readonly type: 'epoll'; readonly watched: readonly number[] }
  /** Bit n-1 stands for signal n. */
  | { readonly type: 'signalfd'; readonly signals: bigint }
  | { readonly type: 'timerfd'; readonly clockId: number }
  | { readonly type: 'inotify'; readonly watches: number }
  | { readonly type: 'fanotify'; readonly marks: number }
  | { readonly type: 'tty'; readonly path: string | undefined; readonly sid: number | undefined }
  | { readonly type: 'memfd'; readonly name: string | undefined; readonly size: bigint | undefined }
  | { readonly type: 'namespace'; readonly namespaceId: number }
  | { readonly type: 'pidfd'; readonly pid: number }
  | { readonly type: 'bpf-map'; readonly name: string }
  | { readonly type: 'tun'; readonly device: string }
  | { readonly type: 'external' }
  /** An entry of a kind not known here, or one without content. */
  | { readonly type: 'unknown' }
  /** The fd refers to a file that files.img does not hold. */
  | { readonly type: 'missing' };

/** What a target needs from other images. */
export interface FileContext {
  /** Path of the regular file with this id. */
  pathOf(id: number): string | undefined;
  /** Whether the file had been unlinked while open (remap-fpath). */
  isDeleted(id: number): boolean;
  memfd(inodeId: number): { name: string; size: bigint; shmid: number } | undefined;
  ttySid(ttyInfoId: number): number | undefined;
}

/** Numbers of IPPROTO_*. */
const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmpv6',
  132: 'sctp',
  136: 'udplite',
  255: 'raw',
  262: 'mptcp',
};
/** Kernel's TCP states (tcp_states.h), used for UDP too: 1 connected, 7 not. */
const STATES: readonly string[] = [
  'unknown',
  'established',
  'syn-sent',
  'syn-received',
  'fin-wait-1',
  'fin-wait-2',
  'time-wait',
  'close',
  'close-wait',
  'last-ack',
  'listen',
  'closing',
];
const SOCKET_TYPES: Readonly<Record<number, string>> = { 1: 'stream', 2: 'dgram', 5: 'seqpacket' };

/** Describes one entry. Exactly one of its message fields is set by CRIU; the first that is set counts. */
export function describeFile(entry: file_entry, context: FileContext): FileTarget {
  return describePath(entry, context) ?? describeSocket(entry) ?? describeAnonymous(entry) ?? { type: 'unknown' };
}

function describePath(entry: file_entry, context: FileContext): FileTarget | undefined {
  const { reg, pipe, fifo, tty, memfd } = entry;
  if (reg) {
    const { name, size, pos, mode, flags } = reg;
    return { type: 'file', path: absolute(name), deleted: context.isDeleted(reg.id), size, position: pos, mode, flags };
  }
  if (pipe) return { type: 'pipe', pipeId: pipe.pipeId, flags: pipe.flags };
  if (fifo) return { type: 'fifo', pipeId: fifo.pipeId, path: context.pathOf(fifo.regfId) };
  if (tty) return { type: 'tty', path: context.pathOf(tty.regfId), sid: context.ttySid(tty.ttyInfoId) };
  if (memfd) {
    const inode = context.memfd(memfd.inodeId);
    return { type: 'memfd', name: inode?.name, size: inode?.size };
  }
  return undefined;
}

function describeSocket(entry: file_entry): FileTarget | undefined {
  const { isk, usk, nlsk, psk } = entry;
  if (isk) return inetSocket(isk);
  if (usk) return unixSocket(usk);
  if (nlsk) return { type: 'netlink-socket', protocol: nlsk.protocol, portId: nlsk.portid };
  if (psk) return { type: 'packet-socket', protocol: psk.protocol, interfaceIndex: psk.ifindex };
  return undefined;
}

function describeAnonymous(entry: file_entry): FileTarget | undefined {
  const { efd, epfd, sgfd, tfd, ify, ffy, nsf, pidfd, bpf, tunf, ext } = entry;
  if (efd) return { type: 'eventfd', counter: efd.counter };
  if (epfd) return { type: 'epoll', watched: epfd.tfd.map(({ tfd: fd }) => fd) };
  if (sgfd) return { type: 'signalfd', signals: sgfd.sigmask };
  if (tfd) return { type: 'timerfd', clockId: tfd.clockid };
  if (ify) return { type: 'inotify', watches: ify.wd.length };
  if (ffy) return { type: 'fanotify', marks: ffy.mark.length };
  if (nsf) return { type: 'namespace', namespaceId: nsf.nsId };
  if (pidfd) return { type: 'pidfd', pid: pidfd.nspid };
  if (bpf) return { type: 'bpf-map', name: bpf.mapName };
  if (tunf) return { type: 'tun', device: tunf.netdev };
  return ext ? { type: 'external' } : undefined;
}

function inetSocket(socket: inet_sk_entry): FileTarget {
  const family = socket.family === 2 ? 'ipv4' : socket.family === 10 ? 'ipv6' : 'unknown';
  return {
    type: 'inet-socket',
    family,
    protocol: PROTOCOLS[socket.proto] ?? `protocol-${socket.proto}`,
    local: { address: addressText(socket.srcAddr), port: socket.srcPort },
    remote: { address: addressText(socket.dstAddr), port: socket.dstPort },
    state: STATES[socket.state] ?? `state-${socket.state}`,
    inode: socket.ino,
  };
}

function unixSocket(socket: unix_sk_entry): FileTarget {
  const { name, type, state, ino, peer } = socket;
  const abstract = name[0] === 0;
  const text = new TextDecoder().decode(abstract ? name.subarray(1) : name);
  return {
    type: 'unix-socket',
    socketType: SOCKET_TYPES[type] ?? `type-${type}`,
    // The kernel pads a path with one NUL; inside an abstract name NULs are part of it.
    name: abstract ? `@${text}` : text.replace(/\0+$/, ''),
    state: STATES[state] ?? `state-${state}`,
    inode: ino,
    peer,
  };
}

/** An address kept as 32-bit words, each holding four bytes of network order in host (little-endian) order. */
export function addressText(words: readonly number[]): string {
  const bytes = words
    .slice(0, 4)
    .flatMap((word) => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24]);
  if (bytes.length === 0) return '';
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  if (groups.length !== 8) return groups.join(':');
  // The URL parser writes IPv6 addresses in the form of RFC 5952.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** CRIU keeps paths relative to the root of the mount tree, without the leading slash. */
function absolute(name: string): string {
  return name.startsWith('/') ? name : `/${name.replace(/^\.\//, '')}`;
}
