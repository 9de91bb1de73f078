/** Where patterns stand in the memory of a checkpoint. */
import { type Checkpoint, hexPattern, searchPattern } from '@stillframe/checkpoint';
import type { PatternMatch, ScanOptions } from './match.ts';
import type { NamedPattern } from './pattern.ts';

/**
 * Yields every place where one of `patterns` matches: process by process in the order of the dump, by ascending address,
 * then in the order of the patterns.
 */
export async function* scanMemory(
  checkpoint: Pick<Checkpoint, 'images'>,
  patterns: readonly NamedPattern[],
  options: ScanOptions = {},
): AsyncGenerator<PatternMatch, void, undefined> {
  let left = options.limit ?? 1_000_000;
  for (const { id, pattern } of patterns) {
    const source =
      pattern.kind === 'regex'
        ? pattern.source
        : pattern.kind === 'hex'
          ? (hexPattern(pattern.source) ?? '')
          : [...pattern.bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
    const ignoreCase = pattern.kind !== 'hex' && pattern.ignoreCase === true;
    const { filter, context, signal } = options;
    for await (const match of searchPattern(checkpoint, source, { pids: filter?.pids, context, signal, ignoreCase })) {
      if (left <= 0) return;
      left -= 1;
      yield { pattern: id, ...match };
    }
  }
}
