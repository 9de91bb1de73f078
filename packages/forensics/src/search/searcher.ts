/** Where blocks are searched: in this thread, one after the other, or in threads of their own. */

import { forensicsError } from '../errors.ts';
import { type Block, type BlockResult, scanBlock } from './block.ts';
import type { CompiledPattern } from './compile.ts';
import { SlowExpression } from './expression-search.ts';
import { Scanner } from './scanner.ts';

/** What all blocks of a search have in common. Plain, so that it can be handed to a thread. */
export interface SearchPlan {
  readonly patterns: readonly CompiledPattern[];
  readonly capacity: number;
  /** Bytes around a match that are given; undefined: not even the match itself. */
  readonly context: number | undefined;
  /** Matches of one pattern in one block at most. */
  readonly most: number;
}

/** Searches blocks; they may be given before those before them are done. */
export interface Searcher extends AsyncDisposable {
  /** Blocks that are worth being under way at once. */
  readonly width: number;
  search(block: Block): Promise<BlockResult>;
  /** In this thread. */
  searchHere(block: Block): Promise<BlockResult>;
}

/** Searches in this thread. */
export class SearchHere implements Searcher {
  readonly width = 2;
  readonly #plan: SearchPlan;
  readonly #signal: AbortSignal;
  readonly #ending = new AbortController();
  #scanner: Scanner | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(plan: SearchPlan, signal: AbortSignal | undefined) {
    this.#plan = plan;
    this.#signal = signal === undefined ? this.#ending.signal : AbortSignal.any([signal, this.#ending.signal]);
  }

  search(block: Block): Promise<BlockResult> {
    const result = this.#last.then(() => this.#scan(block));
    this.#last = result.catch(() => undefined);
    return result;
  }

  searchHere(block: Block): Promise<BlockResult> {
    return this.search(block);
  }

  async #scan(block: Block): Promise<BlockResult> {
    this.#signal.throwIfAborted();
    const scanner = this.#scanner ?? new Scanner(this.#plan.patterns, this.#plan.capacity);
    this.#scanner = scanner;
    const { bytes } = scanner;
    const lengths: number[] = [];
    for (const { source, offset, bytes: length, at } of block.reads) {
      lengths.push(await source.readInto(offset, bytes.subarray(at, at + length), { signal: this.#signal }));
    }
    return orSlow(() => scanBlock(scanner, block, lengths, this.#plan));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#last;
  }
}

/** What `scan` gives. Throws ERR_SEARCH_PATTERN_SLOW for an expression that was given up. */
export function orSlow<T>(scan: () => T): T {
  try {
    return scan();
  } catch (cause) {
    if (cause instanceof SlowExpression) throw forensicsError('ERR_SEARCH_PATTERN_SLOW', cause.message, { cause });
    throw cause;
  }
}
