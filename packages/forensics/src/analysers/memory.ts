/** Where the patterns of rules stand in memory. */
import { hexPattern, type MatchVma, searchMemory, searchPattern } from '@stillframe/checkpoint';
import type { NamedPattern } from '../search/pattern.ts';
import type { Analyser, AnalysisContext } from './analyser.ts';

/** One match. */
export interface MemoryRow {
  /** Id of the pattern. */
  readonly pattern: string;
  /** Undefined for shared memory that no process maps. */
  readonly pid: number | undefined;
  /** In the process; the offset in the segment where no process maps it. */
  readonly address: bigint;
  readonly bytes: number;
  readonly vma: MatchVma | undefined;
  /** The first bytes of the match, raw, possibly secret. */
  readonly text: Uint8Array;
}

/** Matches of one pattern that are kept. */
const KEPT = 1000;
const LONGEST_TEXT = 512;

export const memory: Analyser<readonly MemoryRow[]> = {
  title: 'patterns in memory',
  async read(context) {
    const rows: MemoryRow[] = [];
    for (const pattern of context.patterns) {
      for await (const { pid, vaddr, bytes, vma, context: around, contextOffset } of matches(pattern, context)) {
        const text = around.slice(contextOffset, contextOffset + Math.min(bytes, LONGEST_TEXT));
        rows.push({ pattern: pattern.id, pid, address: vaddr, bytes, vma, text });
      }
    }
    return rows;
  },
};

function matches({ pattern }: NamedPattern, { checkpoint, signal }: AnalysisContext) {
  const options = { signal, limit: KEPT };
  if (pattern.kind === 'literal' && !pattern.ignoreCase) return searchMemory(checkpoint, pattern.bytes, options);
  if (pattern.kind === 'hex') return searchPattern(checkpoint, hexPattern(pattern.source) ?? '', options);
  const { ignoreCase } = pattern;
  const source =
    pattern.kind === 'regex'
      ? pattern.source
      : Buffer.from(pattern.bytes)
          .toString('latin1')
          .replace(/[^\w]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return searchPattern(checkpoint, source, { ...options, ignoreCase });
}
