/** What a read of memory says of each part: its bytes' origin, or why there are none. */
import type { ByteSource } from '@stillframe/core';
import type { SignalOptions } from '../image-set.ts';

/**
 * Why a byte is not to be had:
 * - `unmapped`: the process had nothing there
 * - `file`: it is that of the mapped file (vma.shmid is the file's id, vma.pgoff where in it), which is not in the set
 * - `shared`: of a segment whose pages are not in the set
 * - `lazy`: left in the dumped process for a lazy migration
 * - `in-parent`: in the dump before this one, which was not given
 * - `kernel`: made by the kernel on the restoring machine (vsyscall, vvar, vdso, guard pages)
 * - `damaged`: whether it was stored, or what, is lost with a missing or damaged pagemap or pages image
 */
export type AbsentReason = 'unmapped' | 'file' | 'shared' | 'lazy' | 'in-parent' | 'kernel' | 'damaged';

/** What the bytes of a part are. `captured`: from a pages image. `zero`: never written by the process, so zeroes for sure. */
export type MemoryState =
  | { state: 'captured' | 'zero' }
  /** Taken from elsewhere because the caller asked for it; `from` says where. No evidence of what was in memory. */
  | { state: 'filled'; from: string }
  | { state: 'absent'; reason: AbsentReason };

/** A part of what was read. */
export type MemoryRange = { vaddr: bigint; bytes: number } & MemoryState;

/** The content of mapped files, for whoever wants it in place of pages that were not captured. */
export interface MappedFiles {
  /** The file with this id of files.img, and where it was found; undefined where it is not to be had unchanged. */
  open(fileId: number, options?: SignalOptions): Promise<{ source: ByteSource; from: string } | undefined>;
}

/** Options of a read. */
export interface ReadMemoryOptions extends SignalOptions {
  /** Fills pages of mapped files from there; without it they are absent. */
  files?: MappedFiles | undefined;
}

/** Adds a part, to the one before where both are of one kind. */
export function appendRange(ranges: MemoryRange[], vaddr: bigint, bytes: number, what: MemoryState): void {
  const last = ranges.at(-1);
  if (last !== undefined && sameState(last, what)) last.bytes += bytes;
  else ranges.push({ vaddr, bytes, ...what });
}

function sameState(a: MemoryState, b: MemoryState): boolean {
  if (a.state === 'absent') return b.state === 'absent' && a.reason === b.reason;
  if (a.state === 'filled') return b.state === 'filled' && a.from === b.from;
  return a.state === b.state;
}
