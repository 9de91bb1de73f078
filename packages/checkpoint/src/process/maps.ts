/** The address space of a process as a table: a row a VMA, with what is behind it and how much of it is there. */

import type { SignalOptions } from '@stillframe/criu-image';
import { type AbsentReason, type AddressSpace, VmaStatus } from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import type { FileTable } from '../fd/file-table.ts';
import { backingOf } from './backing.ts';

/** One VMA. Sizes are in bytes. */
export interface MapRow {
  readonly start: bigint;
  readonly end: bigint;
  /** PROT_* bits: read 1, write 2, execute 4. */
  readonly prot: number;
  readonly shared: boolean;
  /** Where in the file or segment it begins. */
  readonly offset: bigint;
  /** `heap`, `stack`, `anonymous`, `shared-memory`, `memfd`, `vdso`, `vvar`, `vsyscall`, or the path of a mapped file; raw text. */
  readonly backing: string;
  /** Whether the mapped file had been deleted. */
  readonly deleted: boolean;
  /** Bytes in a pages image of this dump or one before it. */
  readonly captured: bigint;
  /** Bytes that were never written, so zeroes for sure. */
  readonly zero: bigint;
  /** Bytes that are not to be had, by reason. */
  readonly absent: Readonly<Partial<Record<AbsentReason, bigint>>>;
  /**
   * Executable memory that is in no file: what a just-in-time compiler makes, or injected code. Judged by protection and
   * backing alone; pages of the kernel, its breakpoints (uprobes) among them, are none.
   */
  readonly anonymousCode: boolean;
}

const MAP_SHARED = 1;
const EXECUTE = 4;

/** Reads the rows of one process by ascending address. Nothing is read of its memory. */
export async function readMaps(
  space: AddressSpace,
  files: FileTable,
  options: SignalOptions = {},
): Promise<readonly MapRow[]> {
  const rows: MapRow[] = [];
  for (const vma of space.vmas) {
    options.signal?.throwIfAborted();
    rows.push(await rowOf(vma, space, files));
  }
  return rows;
}

async function rowOf(vma: vma_entry, space: AddressSpace, files: FileTable): Promise<MapRow> {
  const sums = { captured: 0n, zero: 0n };
  const absent: Partial<Record<AbsentReason, bigint>> = {};
  for await (const range of space.survey(vma.start, vma.end)) {
    if (range.state === 'absent') absent[range.reason] = (absent[range.reason] ?? 0n) + BigInt(range.bytes);
    else if (range.state !== 'filled') sums[range.state] += BigInt(range.bytes);
  }
  const { FILE_PRIVATE, FILE_SHARED, VDSO, VSYSCALL, UPROBES } = VmaStatus;
  const isFile = (vma.status & (FILE_PRIVATE | FILE_SHARED)) !== 0;
  const target = isFile ? files.target(Number(vma.shmid)) : undefined;
  const isCode = (vma.prot & EXECUTE) !== 0;
  return {
    start: vma.start,
    end: vma.end,
    prot: vma.prot,
    shared: (vma.flags & MAP_SHARED) !== 0,
    offset: vma.pgoff,
    backing: backingOf(vma, files, space),
    deleted: target?.type === 'file' && target.deleted,
    ...sums,
    absent,
    anonymousCode: isCode && !isFile && (vma.status & (VDSO | VSYSCALL | UPROBES)) === 0,
  };
}
