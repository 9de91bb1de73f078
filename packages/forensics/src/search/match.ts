/** What a scan is asked and what it answers, in memory and in plain bytes. */
import type { MatchVma } from '@stillframe/checkpoint';

/** What is behind a VMA, in one word. */
export type BackingType = 'heap' | 'stack' | 'anonymous' | 'file' | 'memfd' | 'shared' | 'vdso';

/** Addresses from `start` up to, without, `end`. */
export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** Which memory is looked at; what is left out is as a gap, which no match spans. */
export interface MemoryFilter {
  readonly pids?: readonly number[] | undefined;
  /** Only VMAs with these bits at least: `x`, `rw`. */
  readonly protection?: string | undefined;
  readonly types?: readonly BackingType[] | undefined;
  /** Only VMAs whose backing holds this text; where it has a `*`, is as it says from end to end. */
  readonly backing?: string | undefined;
  readonly addresses?: AddressRange | undefined;
}

/** Options of scanMemory. */
export interface ScanOptions {
  readonly filter?: MemoryFilter | undefined;
  /** Only matches that touch these pages of a process, given apart; all of a process where it gives undefined. */
  readonly changed?: ((pid: number) => readonly AddressRange[] | undefined) | undefined;
  /** Matches at most, of all patterns together; 1,000,000 by default. */
  readonly limit?: number | undefined;
  /** Bytes of context before and after, 32 by default, at most 4096. */
  readonly context?: number | undefined;
  /** No bytes are given at all: for counting. */
  readonly bare?: boolean | undefined;
  /** Threads to search in, beside this one; 0: in this one. By default one a core, this one among them, where that is worth it. */
  readonly workers?: number | undefined;
  /** Bytes that are read and searched at once, 2 MiB by default. */
  readonly chunkSize?: number | undefined;
  /** Told as memory is done, in order. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One place in memory where a pattern matches. */
export interface PatternMatch {
  /** Id of the pattern. */
  readonly pattern: string;
  /** Undefined only for shared memory that no process maps. */
  readonly pid: number | undefined;
  readonly comm: string | undefined;
  /** Address in the process; the offset in the segment where no process maps it. */
  readonly vaddr: bigint;
  /** Bytes that match. */
  readonly bytes: number;
  /** Of its first byte; undefined where the address lies in no VMA, as in a damaged dump. */
  readonly vma: MatchVma | undefined;
  /** What holds its first byte: `pagemap-7` or `pagemap-shmem-3`. */
  readonly image: string;
  /** Offset of the first byte in the pages image. */
  readonly pagesOffset: number;
  /** The match with the bytes around it that follow each other in memory. Raw, possibly secret. */
  readonly context: Uint8Array;
  /** Where the match begins in `context`. */
  readonly contextOffset: number;
}

/** Options of scanBytes. */
export interface ScanBytesOptions {
  readonly limit?: number | undefined;
  readonly context?: number | undefined;
  readonly chunkSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One place in a file or a stream where a pattern matches. */
export interface ByteMatch {
  readonly pattern: string;
  readonly offset: number;
  readonly bytes: number;
  readonly context: Uint8Array;
  readonly contextOffset: number;
}
