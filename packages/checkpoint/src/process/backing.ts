/** What is behind a VMA, in a word or as the path of a file. */
import { type AddressSpace, VmaStatus } from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import type { FileTable } from '../fd/file-table.ts';

/** What an address belongs to. */
export interface MatchVma {
  readonly start: bigint;
  readonly end: bigint;
  /** PROT_* bits: read 1, write 2, execute 4. */
  readonly prot: number;
  /** `heap`, `stack`, `anonymous`, `shared-memory`, `memfd`, `vdso`, `vvar`, `vsyscall`, or the path of a mapped file; raw text. */
  readonly backing: string;
}

/** What is behind a VMA, in one word or as the path of a file. */
export function backingOf(vma: vma_entry, files: FileTable, space: Pick<AddressSpace, 'mm'>): string {
  const has = (bit: number) => (vma.status & bit) !== 0;
  if (has(VmaStatus.HEAP)) return 'heap';
  if (has(VmaStatus.STACK)) return 'stack';
  if (has(VmaStatus.VDSO)) return 'vdso';
  if (has(VmaStatus.VVAR)) return 'vvar';
  if (has(VmaStatus.VSYSCALL)) return 'vsyscall';
  if (has(VmaStatus.MEMFD)) return 'memfd';
  if (has(VmaStatus.ANON_SHARED) || has(VmaStatus.SYSVIPC)) return 'shared-memory';
  if (has(VmaStatus.FILE_PRIVATE) || has(VmaStatus.FILE_SHARED)) return files.path(Number(vma.shmid)) ?? 'file';
  // CRIU marks no stack; the main one is where mm_start_stack lies.
  const stack = space.mm?.mmStartStack;
  return stack !== undefined && stack >= vma.start && stack < vma.end ? 'stack' : 'anonymous';
}
