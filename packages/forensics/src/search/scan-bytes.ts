/** Where patterns stand in a file or a stream. */
import { type ByteSource, streamOf } from '@stillframe/core';
import type { ByteMatch, ScanBytesOptions } from './match.ts';
import type { NamedPattern } from './pattern.ts';

/** Yields every place where one of `patterns` matches, by ascending offset, then in the order of the patterns. */
export async function* scanBytes(
  patterns: readonly NamedPattern[],
  from: AsyncIterable<Uint8Array> | ByteSource,
  options: ScanBytesOptions = {},
): AsyncGenerator<ByteMatch, void, undefined> {
  const parts = await Array.fromAsync('readInto' in from ? streamOf(from, options) : from);
  const whole = Buffer.concat(parts);
  const margin = options.context ?? 32;
  for (const { id, pattern } of patterns) {
    if (pattern.kind !== 'literal') continue;
    for (let at = whole.indexOf(pattern.bytes); at >= 0; at = whole.indexOf(pattern.bytes, at + pattern.bytes.length)) {
      const start = Math.max(0, at - margin);
      const context = new Uint8Array(whole.subarray(start, at + pattern.bytes.length + margin));
      yield { pattern: id, offset: at, bytes: pattern.bytes.length, context, contextOffset: at - start };
    }
  }
}
