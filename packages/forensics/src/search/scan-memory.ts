/** Where patterns stand in the memory of a checkpoint. */

import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Checkpoint } from '@stillframe/checkpoint';
import { type Block, type BlockResult, BlockShape } from './block.ts';
import { LONGEST_MATCH } from './bounds.ts';
import { compilePatterns } from './compile.ts';
import { type MemoryLayout, type Owner, openLayout } from './layout.ts';
import type { PatternMatch, ScanOptions } from './match.ts';
import { touchTest } from './memory-filter.ts';
import { type Found, Merge } from './merge.ts';
import type { NamedPattern } from './pattern.ts';
import { planSearch, type Step } from './search-steps.ts';
import { type Searcher, SearchHere, type SearchPlan } from './searcher.ts';
import { pieceAt, type Stretch } from './stretch.ts';
import { SearchThreads } from './threads.ts';

const LIMIT = 1_000_000;
/** Bytes read and searched at once: they stay in the processor's cache. */
const CHUNK = 1 << 20;
const MOST_CONTEXT = 4096;
/** Below this threads take longer to start than to search. */
const WORTH_THREADS = 128 << 20;
const MOST_THREADS = 16;
/** Steps that are planned ahead at most: there are many without blocks where much is shared. */
const MOST_DUE = 20_000;
/** Matches after which others have their turn: an interrupt is not noticed before, and a block may have a million. */
const BREATH = 4096;

/**
 * Yields every place in captured memory where one of `patterns` matches: process by process in the order of the dump, by
 * ascending address, then in the order of the patterns; at last segments that nobody maps. Matches of one pattern never
 * overlap, nor span a gap; one in a segment is yielded for each process that maps it. Order and matches are the same whatever
 * `workers` and `chunkSize`. Throws ERR_SEARCH_PATTERN_INVALID, ERR_SEARCH_PATTERN_SLOW, ERR_SEARCH_FILTER, and
 * ERR_SEARCH_WORKER where a thread fails. Bytes that cannot be read go to the diagnostics of the images.
 */
export async function* scanMemory(
  checkpoint: Pick<Checkpoint, 'images'>,
  patterns: readonly NamedPattern[],
  options: ScanOptions = {},
): AsyncGenerator<PatternMatch, void, undefined> {
  const compiled = compilePatterns(patterns);
  const limit = options.limit ?? LIMIT;
  if (compiled.length === 0 || limit <= 0) return;
  const layout = await openLayout(checkpoint, options);
  const context = Math.min(Math.max(0, options.context ?? 32), MOST_CONTEXT);
  const shape = new BlockShape(options.chunkSize ?? CHUNK, context);
  // What is kept of a segment serves processes that show other parts of it.
  const most = layout.shares ? Number.POSITIVE_INFINITY : limit + LONGEST_MATCH;
  const plan = { patterns: compiled, capacity: shape.capacity, context: options.bare ? undefined : context, most };
  await using searcher = searcherFor(plan, layout, options);
  const merge = new Merge({
    patterns: compiled.length,
    context: plan.context,
    shape,
    search: (b) => searcher.searchHere(b),
  });
  const isAsked = changedTest(options);
  let left = limit;
  let given = 0;
  for await (const { step, result } of searched(layout, shape, searcher, options)) {
    if (result?.missing) reportMissing(checkpoint, step, result.missing);
    for await (const found of merge.take(step, result)) {
      for (const match of found) {
        if (step.owner === undefined || !isAsked(step.owner.pid, step.stretch, match)) continue;
        yield matchOf(step.owner, step.stretch, match, compiled[match.pattern]?.id ?? '');
        left -= 1;
        if (left <= 0) return;
        given += 1;
        if (given % BREATH === 0) await setImmediate(undefined, { signal: options.signal });
      }
    }
  }
}

/** Whether a match touches the pages that are asked for. */
function changedTest({ changed }: ScanOptions) {
  const tests = new Map<number, (start: bigint, bytes: number) => boolean>();
  return (pid: number | undefined, { start }: Stretch, { at, bytes }: Found): boolean => {
    if (changed === undefined || pid === undefined) return true;
    const ranges = tests.has(pid) ? undefined : changed(pid);
    const test = tests.get(pid) ?? (ranges === undefined ? () => true : touchTest(ranges));
    tests.set(pid, test);
    return test(start + BigInt(at), bytes);
  };
}

function searcherFor(plan: SearchPlan, layout: MemoryLayout, { workers, signal }: ScanOptions): Searcher {
  const cores = availableParallelism();
  const wanted = Math.min(MOST_THREADS, workers ?? (layout.bytes >= WORTH_THREADS ? cores - 1 : 0));
  if (wanted <= 0) return new SearchHere(plan, signal);
  return new SearchThreads(plan, wanted, signal, { helps: workers === undefined });
}

/** Steps in order with the results of their blocks, of which some are always under way. */
async function* searched(
  layout: MemoryLayout,
  shape: BlockShape,
  searcher: Searcher,
  { signal, onProgress }: ScanOptions,
): AsyncGenerator<{ step: Step; result: BlockResult | undefined }, void, undefined> {
  const steps = planSearch(layout.stretches(), shape);
  const underWay = new Map<Block, Promise<BlockResult>>();
  const due = new Queue<Step>();
  const total = onProgress === undefined ? 0 : layout.bytes;
  let done = 0;
  const isReady = () =>
    due.first !== undefined && (due.first.place === undefined || underWay.has(due.first.place.block));
  for (let ended = false; ; ) {
    while (!ended && (!isReady() || (underWay.size < searcher.width && due.length < MOST_DUE))) {
      const next = steps.next();
      if (next.done) ended = true;
      else if ('step' in next.value) due.push(next.value.step);
      else underWay.set(next.value.block, searcher.search(next.value.block));
    }
    signal?.throwIfAborted();
    const step = due.shift();
    if (step === undefined) return;
    const { place, part } = step;
    const result = place && (await underWay.get(place.block));
    yield { step, result };
    if (place === undefined) continue;
    if (place.view === place.block.views.length - 1) underWay.delete(place.block);
    done += part.to - part.from;
    onProgress?.(done, total);
  }
}

/** First in, first out, without moving what is in between. */
class Queue<T> {
  #items: T[] = [];
  #gone = 0;

  get length(): number {
    return this.#items.length - this.#gone;
  }

  get first(): T | undefined {
    return this.#items[this.#gone];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.first;
    if (item !== undefined) this.#gone += 1;
    if (this.#gone > 1000 && this.#gone * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#gone);
      this.#gone = 0;
    }
    return item;
  }
}

function reportMissing(
  { images }: Pick<Checkpoint, 'images'>,
  { place }: Step,
  { read, offset }: NonNullable<BlockResult['missing']>,
): void {
  const image = place?.block.reads[read]?.image ?? 'pagemap';
  const message = 'the pages image ends before memory does; what should lie behind was not searched';
  images.report({ id: 'pages-missing', severity: 'error', source: `${image}.img`, offset, message });
}

function matchOf(
  owner: Owner,
  stretch: Stretch,
  { at, bytes, context, contextOffset }: Found,
  id: string,
): PatternMatch {
  const piece = stretch.pieces[pieceAt(stretch, at)];
  const vaddr = stretch.start + BigInt(at);
  return {
    ...{ pattern: id, pid: owner.pid, comm: owner.comm, vaddr, bytes, vma: owner.vmaAt(vaddr) },
    image: piece?.image ?? '',
    pagesOffset: (piece?.offset ?? 0) + at - (piece?.at ?? 0),
    ...{ context, contextOffset },
  };
}
