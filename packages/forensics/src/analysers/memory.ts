/** Where the patterns of rules stand in memory. */
import type { MatchVma } from '@stillframe/checkpoint';
import { scanMemory } from '../search/scan-memory.ts';
import type { Analyser } from './analyser.ts';

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
/** Matches of all patterns that are counted; a pattern that stands everywhere says nothing. */
const COUNTED = 2_000_000;
const LONGEST_TEXT = 512;

/** Memory is read once for all patterns, in the order of the dump; of each the first rows are kept, the others counted. */
export const memory: Analyser<readonly MemoryRow[]> = {
  title: 'patterns in memory',
  async read({ checkpoint, patterns, workers, signal, report }) {
    const rows: MemoryRow[] = [];
    const counts = new Map<string, number>();
    let all = 0;
    const options = { context: 0, limit: COUNTED, workers, signal };
    for await (const match of scanMemory(checkpoint, patterns, options)) {
      const { pattern, pid, vaddr, bytes, vma, context } = match;
      const count = (counts.get(pattern) ?? 0) + 1;
      counts.set(pattern, count);
      all += 1;
      // A copy: the bytes of a match are part of a larger buffer.
      const text = () => context.slice(0, LONGEST_TEXT);
      if (count <= KEPT) rows.push({ pattern, pid, address: vaddr, bytes, vma, text: text() });
    }
    for (const [pattern, count] of counts) {
      if (count <= KEPT) continue;
      const message = `the pattern ${pattern} stands in ${count} places; all but the first ${KEPT} are left out`;
      report([{ id: 'memory-rows-limited', severity: 'warning', source: 'memory', message }]);
    }
    if (all >= COUNTED) {
      const message = `the patterns stand in more than ${COUNTED} places; what comes behind them was not searched`;
      report([{ id: 'memory-too-many', severity: 'error', source: 'memory', message }]);
    }
    return rows;
  },
};
