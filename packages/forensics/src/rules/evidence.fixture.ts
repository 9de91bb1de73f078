/** For tests of rules: rows of open files, sockets, mounts and code. */
import type { CodeRow } from '../analysers/code.ts';
import type { Tables } from '../analysers/index.ts';

type FileRow = Tables['files'][number];
type SocketRow = Tables['sockets'][number];
type InetRow = Extract<SocketRow, { family: 'ipv4' | 'ipv6' | 'unknown' }>;
type Mount = Tables['mounts'][number];
type Container = Tables['container'];

export const O_RDWR = 2;

/** An open file of the root filesystem. */
export function openRow(
  pid: number,
  fd: FileRow['fd'],
  path: string,
  given: Partial<Extract<FileRow['target'], { type: 'file' }>> = {},
  flags = 0,
): FileRow {
  return {
    ...{ pid, fd, closeOnExec: false, fileId: 100 + pid, flags, position: 0n, owner: undefined },
    target: {
      ...{
        type: 'file',
        path,
        kind: 'regular',
        deleted: false,
        kept: undefined,
        size: 0n,
        position: 0n,
        mode: 0o100644,
        flags,
      },
      ...{ mount: { mountpoint: '/', type: 'overlay', source: 'overlay' }, mountId: 1 },
      ...given,
    },
  };
}

const common = {
  ...{ flags: 2, namespace: 10, options: {} as SocketRow['options'], owner: undefined },
  ...{ receiveQueue: {} as SocketRow['receiveQueue'], sendQueue: {} as SocketRow['sendQueue'] },
};

/** A TCP socket that process 1 has as fd 3; an IPv4 address and port on either side. */
export function inetRow(given: Partial<InetRow> = {}): SocketRow {
  return {
    ...common,
    ...{ fileId: 30, family: 'ipv4', type: 'stream', protocol: 'tcp', state: 'listen', inode: 1, backlog: undefined },
    ...{ local: { address: '0.0.0.0', port: 0 }, remote: { address: '0.0.0.0', port: 0 }, scope: undefined },
    ...{ shutdown: 'none', peer: { place: 'outside' }, connection: undefined },
    holders: [{ pid: 1, fd: 3, closeOnExec: false, fileId: 30 }],
    ...given,
  };
}

/** A connection of process 1 to somewhere. */
export function connectionRow(address: string, port: number, given: Partial<InetRow> = {}): SocketRow {
  return inetRow({
    state: 'established',
    local: { address: '10.0.0.2', port: 40_000 },
    remote: { address, port },
    ...given,
  });
}

export function packetRow(given: Partial<Extract<SocketRow, { family: 'packet' }>> = {}): SocketRow {
  return {
    ...common,
    ...{ fileId: 31, family: 'packet', type: 'raw', protocol: '0x0003 all', interfaceIndex: 2, interface: 'eth0' },
    ...{ receiveRing: undefined, sendRing: undefined, fanout: undefined },
    holders: [{ pid: 1, fd: 3, closeOnExec: false, fileId: 31 }],
    ...given,
  };
}

export function unixRow(given: Partial<Extract<SocketRow, { family: 'unix' }>> = {}): SocketRow {
  return {
    ...common,
    ...{ fileId: 33, family: 'unix', type: 'stream', state: 'established', inode: 1, name: '', folder: undefined },
    ...{
      deleted: false,
      permissions: undefined,
      peerInode: 0,
      peer: { place: 'outside' },
      backlog: undefined,
      pending: 0,
    },
    ...{
      messages: undefined,
      inFlight: [],
      inFlightCount: 0,
      sendMemory: undefined,
      shutdown: 'none',
      external: false,
    },
    holders: [{ pid: 1, fd: 3, closeOnExec: false, fileId: 33 }],
    ...given,
  };
}

export function netlinkRow(protocol: string): SocketRow {
  return {
    ...common,
    ...{ fileId: 32, family: 'netlink', type: 'raw', protocol, state: 'close', inode: 1, portId: 1, groups: [] },
    ...{ remotePortId: 0, remoteGroup: 0, holders: [{ pid: 1, fd: 3, closeOnExec: false, fileId: 32 }] },
  };
}

/** A bind mount as the specification made it. */
export function bindRow(mountpoint: string, source: string, given: Partial<Mount> = {}): Mount {
  return {
    ...{
      namespaceId: 13,
      mountId: 5,
      parentId: 1,
      type: 'bind',
      mountpoint,
      root: source,
      source: '/dev/vda',
      options: '',
      flags: 0,
    },
    ...{
      external: { key: mountpoint },
      role: 'external',
      flagNames: ['rw', 'relatime'],
      filesystemFlagNames: undefined,
    },
    ...{ propagation: { mode: 'private', sharedId: undefined, masterId: undefined }, device: '254:1' },
    spec: { destination: mountpoint, type: 'bind', source, options: ['rbind', 'rw'] },
    ...{ content: undefined, deleted: false },
    ...given,
  };
}

/** A container of this specification, with these annotations. */
export function containerRow(
  spec: Partial<NonNullable<Container['spec']>> | undefined,
  annotations: Record<string, string> = {},
): Container {
  const metadata = { annotations } as unknown as Container['metadata'];
  const whole = {
    ...{
      ociVersion: '1.0.2',
      hostname: undefined,
      rootPath: undefined,
      mounts: [],
      annotations: new Map(),
      cgroupsPath: undefined,
    },
    process: { args: [], env: [], cwd: undefined, terminal: false, uid: undefined, gid: undefined },
    namespaces: ['pid', 'mount', 'network', 'ipc', 'uts'].map((type) => ({ type, path: undefined })),
    ...{ maskedPaths: ['/proc/kcore'], readonlyPaths: ['/proc/sys'] },
  };
  return { metadata, spec: spec && { ...whole, ...spec } };
}

/** A mapping of libc of which a page was written to. */
export function codeRow(given: Partial<CodeRow> = {}): CodeRow {
  return {
    ...{
      pid: 35,
      start: 0x1000n,
      end: 0x3000n,
      prot: 5,
      path: '/lib/libc.so.6',
      fileId: 9,
      state: 'patched',
      captured: 4096,
    },
    ...{
      written: [{ address: 0x1000n, bytes: 4096 }],
      comparedWith: undefined,
      differenceCount: 1,
      differingBytes: 12,
    },
    differences: [{ address: 0x1ce0n, bytes: 12, before: '4156ba01', after: '48b800c0' }],
    ...{ longestDifference: 12, hooks: [], onlyBreakpoints: false, hasUprobes: false },
    ...given,
  };
}
