/** Where patterns stand in a file or a stream. */
import { type ByteSource, streamOf } from '@stillframe/core';
import { BlockShape, contextRange } from './block.ts';
import { type CompiledPattern, compilePatterns } from './compile.ts';
import type { ByteMatch, ScanBytesOptions } from './match.ts';
import type { NamedPattern } from './pattern.ts';
import { Scanner } from './scanner.ts';
import { orSlow } from './searcher.ts';

const CHUNK = 1 << 20;
const MOST_CONTEXT = 4096;

/**
 * Yields every place where one of `patterns` matches, by ascending offset, then in the order of the patterns; matches of one
 * pattern never overlap. Memory is bounded, whatever comes. Throws what scanMemory throws, and what the source does.
 */
export async function* scanBytes(
  patterns: readonly NamedPattern[],
  from: AsyncIterable<Uint8Array> | ByteSource,
  { limit = 1_000_000, context = 32, chunkSize = CHUNK, signal }: ScanBytesOptions = {},
): AsyncGenerator<ByteMatch, void, undefined> {
  const scan = new StreamScan(compilePatterns(patterns), chunkSize, Math.min(Math.max(0, context), MOST_CONTEXT));
  let left = limit;
  if (patterns.length === 0 || left <= 0) return;
  for await (const found of scan.all('readInto' in from ? streamOf(from, { signal }) : from)) {
    signal?.throwIfAborted();
    for (const match of found) {
      yield match;
      left -= 1;
      if (left <= 0) return;
    }
  }
}

/** A window that moves over a stream: in front of what is searched lies what was, behind it what a match may reach into. */
class StreamScan {
  readonly #patterns: readonly CompiledPattern[];
  readonly #shape: BlockShape;
  readonly #scanner: Scanner;
  readonly #context: number;
  /** Offset in the stream of the first byte of the block. */
  #start = 0;
  /** Bytes in the block, and how many of them were searched. */
  #filled = 0;
  #searched = 0;
  /** Where the last match of each pattern ended, in the block. */
  #done: number[];

  constructor(patterns: readonly CompiledPattern[], chunkSize: number, context: number) {
    this.#patterns = patterns;
    this.#shape = new BlockShape(chunkSize, context);
    this.#scanner = new Scanner(patterns, this.#shape.capacity);
    this.#context = context;
    this.#done = patterns.map(() => 0);
  }

  async *all(stream: AsyncIterable<Uint8Array>): AsyncGenerator<readonly ByteMatch[], void, undefined> {
    const { bytes } = this.#scanner;
    for await (const chunk of stream) {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + bytes.length - this.#filled);
        bytes.set(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
        if (this.#filled < bytes.length) continue;
        yield this.#search(this.#filled - this.#shape.after);
        this.#move();
      }
    }
    yield this.#search(this.#filled);
  }

  #search(to: number): readonly ByteMatch[] {
    const { bytes } = this.#scanner;
    const view = { begin: 0, from: this.#searched, to, end: this.#filled };
    if (view.from >= to) return [];
    const found: { match: ByteMatch; pattern: number }[] = [];
    for (const [pattern, hits] of orSlow(() => this.#scanner.scan([view], { done: this.#done })).entries()) {
      for (let i = 0; i < hits.length; i += 2) {
        const [at, length] = [hits[i] ?? 0, hits[i + 1] ?? 0];
        const [first, end] = contextRange(view, at, length, this.#context);
        const context = new Uint8Array(bytes.subarray(first, end));
        const id = this.#patterns[pattern]?.id ?? '';
        const match = { pattern: id, offset: this.#start + at, bytes: length, context, contextOffset: at - first };
        found.push({ match, pattern });
        this.#done[pattern] = at + length;
      }
    }
    this.#searched = to;
    return found.sort((a, b) => a.match.offset - b.match.offset || a.pattern - b.pattern).map(({ match }) => match);
  }

  /** Lets go of what was searched, but for what is seen before a match. */
  #move(): void {
    const by = Math.max(0, this.#searched - this.#shape.before);
    this.#scanner.bytes.copyWithin(0, by, this.#filled);
    this.#start += by;
    this.#filled -= by;
    this.#searched -= by;
    this.#done = this.#done.map((end) => Math.max(0, end - by));
  }
}
