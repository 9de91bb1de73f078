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

/** Yields the matches of which a byte at least lies in a page that differs, in the order of scanMemory. Throws what that throws. */
export async function* searchChanged(
  checkpoint: Checkpoint,
  changed: ChangedPages,
  patterns: readonly NamedPattern[],
  { side = 'after', limit = 1000, signal }: SearchChangedOptions = {},
): AsyncGenerator<MemoryRow, void, undefined> {
  const pids = [...changed.pids(side)];
  if (pids.length === 0) return;
  const left = new Map(patterns.map(({ id }) => [id, limit]));
  const options = { filter: { pids }, changed: (pid: number) => changed.ranges(pid, side), context: 0, signal };
  for await (const { pattern, pid, vaddr, bytes, vma, context } of scanMemory(checkpoint, patterns, options)) {
    const more = left.get(pattern);
    if (pid === undefined || more === undefined || !changed.touches(side, pid, vaddr, bytes)) continue;
    yield { pattern, pid, address: vaddr, bytes, vma, text: context.slice(0, LONGEST_TEXT) };
    if (more > 1) left.set(pattern, more - 1);
    else left.delete(pattern);
    if (left.size === 0) return;
  }
}
