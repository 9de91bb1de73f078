/** Patterns in the pages that differ, and in no others. */
import { type Checkpoint, hexPattern, searchPattern } from '@stillframe/checkpoint';
import type { MemoryRow } from '../analysers/memory.ts';
import type { NamedPattern, Pattern } from '../search/pattern.ts';
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

/** Yields the matches of which a byte at least lies in a page that differs, pattern by pattern. Throws as searchPattern does. */
export async function* searchChanged(
  checkpoint: Checkpoint,
  changed: ChangedPages,
  patterns: readonly NamedPattern[],
  { side = 'after', limit = 1000, signal }: SearchChangedOptions = {},
): AsyncGenerator<MemoryRow, void, undefined> {
  const pids = [...changed.pids(side)];
  if (pids.length === 0) return;
  for (const { id, pattern } of patterns) {
    let left = limit;
    const ignoreCase = pattern.kind !== 'hex' && pattern.ignoreCase === true;
    for await (const match of searchPattern(checkpoint, sourceOf(pattern), { pids, signal, ignoreCase })) {
      const { pid, vaddr, bytes, vma, context, contextOffset } = match;
      if (pid === undefined || !changed.touches(side, pid, vaddr, bytes)) continue;
      const text = context.slice(contextOffset, contextOffset + Math.min(bytes, LONGEST_TEXT));
      yield { pattern: id, pid, address: vaddr, bytes, vma, text };
      left -= 1;
      if (left === 0) break;
    }
  }
}

function sourceOf(pattern: Pattern): string {
  if (pattern.kind === 'regex') return pattern.source;
  if (pattern.kind === 'hex') return hexPattern(pattern.source) ?? '';
  return [...pattern.bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
