/** Facts about memory files, and numbers of files' modes, namespaces and maps by name. */
import type { memfd_inode_entry } from '@stillframe/criu-image/proto';
import { type NamedBits, nameOfNumber, namesOfBits } from '../flag-names.ts';
import { recorded } from '../recorded.ts';

/** The inode behind memfds; several files may be open on one. */
export interface MemoryFile {
  /** As memfd_create(2) was given it; raw text. */
  readonly name: string;
  readonly size: bigint;
  /** F_SEAL_* by name. */
  readonly seals: readonly string[];
  readonly uid: number;
  readonly gid: number;
  /** st_mode; undefined in dumps of old CRIU. */
  readonly mode: number | undefined;
  /** Made with MFD_HUGETLB. */
  readonly hugePages: boolean;
  /** Names its content, pagemap-shmem-<id>.img. */
  readonly shmid: number;
}

const SEALS: NamedBits = [
  ['F_SEAL_SEAL', 0x1],
  ['F_SEAL_SHRINK', 0x2],
  ['F_SEAL_GROW', 0x4],
  ['F_SEAL_WRITE', 0x8],
  ['F_SEAL_FUTURE_WRITE', 0x10],
  ['F_SEAL_EXEC', 0x20],
];

export function memoryFile(inode: memfd_inode_entry): MemoryFile {
  const { name, size, seals, uid, gid, shmid } = inode;
  const mode = recorded(inode, 'mode');
  const hugePages = (recorded(inode, 'hugetlbFlag') ?? 0) !== 0;
  return { name, size, seals: namesOfBits(seals, SEALS), uid, gid, mode, hugePages, shmid };
}

const FILE_TYPE = 0o170000;
const FILE_TYPES: Readonly<Record<number, string>> = {
  [0o010000]: 'fifo',
  [0o020000]: 'character-device',
  [0o040000]: 'directory',
  [0o060000]: 'block-device',
  [0o100000]: 'regular',
  [0o120000]: 'link',
  [0o140000]: 'socket',
};

/** What st_mode says a file is; `unknown` where it was not recorded. */
export function fileTypeOf(mode: number | undefined): string {
  return mode === undefined ? 'unknown' : (FILE_TYPES[mode & FILE_TYPE] ?? 'unknown');
}

/** CLONE_NEW* flags, each by its name in /proc/PID/ns. */
const NAMESPACES: Readonly<Record<number, string>> = {
  [0x00000080]: 'time',
  [0x00020000]: 'mnt',
  [0x02000000]: 'cgroup',
  [0x04000000]: 'uts',
  [0x08000000]: 'ipc',
  [0x10000000]: 'user',
  [0x20000000]: 'pid',
  [0x40000000]: 'net',
};

/** `net`, `mnt`…; `clone-<number>` for a flag without a name. */
export const namespaceKind = (cloneFlag: number): string => nameOfNumber(cloneFlag, NAMESPACES, 'clone');

/** enum bpf_map_type (uapi bpf.h), in its order. */
const MAP_TYPES =
  'unspec hash array prog-array perf-event-array percpu-hash percpu-array stack-trace cgroup-array lru-hash lru-percpu-hash lpm-trie array-of-maps hash-of-maps devmap sockmap cpumap xskmap sockhash cgroup-storage reuseport-sockarray percpu-cgroup-storage queue stack sk-storage devmap-hash struct-ops ringbuf inode-storage task-storage bloom-filter user-ringbuf cgrp-storage arena'.split(
    ' ',
  );

/** `hash`, `array`…; `type-<number>` for one without a name. */
export const bpfMapType = (type: number): string => MAP_TYPES[type] ?? `type-${type}`;
