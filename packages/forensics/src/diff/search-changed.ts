/** Patterns in the pages that differ, and in no others. */
import type { Checkpoint } from '@stillframe/checkpoint';
import type { MemoryRow } from '../analysers/memory.ts';
import type { NamedPattern } from '../search/pattern.ts';
import { scanMemory } from '../search/scan-memory.ts';
import type { ChangedPages } from './changed-pages.ts';

/** Options of searchChanged. */
export interface SearchChangedOptions {
  /** Whose memory: pages that differ are the same of both sides. */
  side?: 'before' | 'after' | undefined;
  /** Matches of one pattern, at most; 1000 by default. */
  limit?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Bytes of a match that are kept. */
const LONGEST_TEXT = 512;

/**
 * Yields the matches of which a byte at least lies in a page that differs, process by process, all patterns at once. Nothing is read
 * but these pages and their neighbours. Throws as scanMemory does.
 */
export async function* searchChanged(
  checkpoint: Checkpoint,
  changed: ChangedPages,
  patterns: readonly NamedPattern[],
  { side = 'after', limit = 1000, signal }: SearchChangedOptions = {},
): AsyncGenerator<MemoryRow, void, undefined> {
  const counts = new Map<string, number>();
  const options = { changed: (pid: number) => changed.ranges(side, pid), signal };
  for await (const match of scanMemory(checkpoint, patterns, options)) {
    const { pattern, pid, vaddr, bytes, vma, context, contextOffset } = match;
    if (pid === undefined || !changed.touches(side, pid, vaddr, bytes)) continue;
    const count = (counts.get(pattern) ?? 0) + 1;
    counts.set(pattern, count);
    if (count > limit) continue;
    const text = context.slice(contextOffset, contextOffset + Math.min(bytes, LONGEST_TEXT));
    yield { pattern, pid, address: vaddr, bytes, vma, text };
  }
}
