/** Locks on files (filelocks.img). Source: CRIU 4.2 file-lock.h. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { file_lock_entry } from '@stillframe/criu-image/proto';
import { nameOfNumber } from '../flag-names.ts';

/** One lock or lease. */
export interface FileLock {
  /**
   * `posix`: of the process, by fcntl(2). `flock` and `ofd`: of the open file, so of all that share it. `lease`: fcntl(2)
   * F_SETLEASE.
   */
  readonly kind: string;
  /** What the lock is for; of a mandatory one, what others may still do. */
  readonly access: 'read' | 'write' | 'none' | 'read-write';
  /** A lease that somebody else's open(2) breaks just now. */
  readonly breaking: boolean;
  /** A mandatory flock(2) (LOCK_MAND), which modern kernels have no more. */
  readonly mandatory: boolean;
  /** First byte. */
  readonly start: bigint;
  /** Bytes; undefined for all to the end, however far the file grows. */
  readonly length: bigint | undefined;
  /** Who holds it, through which fd. */
  readonly pid: number;
  readonly fd: number;
}

/** FL_*. */
const KINDS: Readonly<Record<number, string>> = { 1: 'posix', 2: 'flock', 4: 'ofd', 8: 'lease' };
const LEASE = 8;
/** Bits of `type`: F_WRLCK and F_UNLCK are values of the lowest two; the rest depend on the kind. */
const F_RDLCK = 0;
const F_WRLCK = 1;
const LEASE_BREAKING = 4;
const LOCK_MAND = 32;
const LOCK_READ = 64;
const LOCK_WRITE = 128;

/** All locks of the dump, in its order. Empty where CRIU was not told to dump locks: then there were none. */
export async function readFileLocks(images: ImageSet, options: SignalOptions = {}): Promise<readonly FileLock[]> {
  const locks: FileLock[] = [];
  for await (const entry of images.entries('filelocks', undefined, options)) locks.push(lockOf(entry));
  return locks;
}

function lockOf({ flag, type, pid, fd, start, len }: file_lock_entry): FileLock {
  const isLease = (flag & LEASE) !== 0;
  const mandatory = !isLease && (type & LOCK_MAND) !== 0;
  return {
    kind: nameOfNumber(flag, KINDS, 'kind'),
    access: mandatory ? mandatoryAccess(type) : accessOf(isLease ? type & ~LEASE_BREAKING : type),
    breaking: isLease && (type & LEASE_BREAKING) !== 0,
    mandatory,
    start,
    length: len === 0n ? undefined : len,
    pid,
    fd,
  };
}

function accessOf(type: number): FileLock['access'] {
  if (type === F_RDLCK) return 'read';
  return type === F_WRLCK ? 'write' : 'none';
}

/** What others may still do with the file. */
function mandatoryAccess(type: number): FileLock['access'] {
  const reads = (type & LOCK_READ) !== 0;
  const writes = (type & LOCK_WRITE) !== 0;
  if (reads && writes) return 'read-write';
  if (reads) return 'read';
  return writes ? 'write' : 'none';
}
