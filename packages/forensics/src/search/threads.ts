/** Blocks searched in threads. Each opens the files for itself; what lies in no file is read here, and sent. */
import { Worker } from 'node:worker_threads';
import { forensicsError } from '../errors.ts';
import type { Block, BlockResult, PlacedRead } from './block.ts';
import type { View } from './scanner.ts';
import { type Searcher, SearchHere, type SearchPlan } from './searcher.ts';

/** A block as a thread gets it. */
export interface ThreadQuestion {
  readonly id: number;
  readonly reads: readonly PlacedRead[];
  /** Where the thread reads them; or the block as it was read here, with how much of each read there was. */
  readonly from:
    | {
        readonly paths: readonly string[];
        readonly places: readonly { readonly path: number; readonly offset: number }[];
      }
    | { readonly bytes: Uint8Array<ArrayBuffer>; readonly lengths: readonly number[] };
  readonly views: readonly View[];
}

/** Why a thread could not search a block. */
interface ThreadError {
  readonly isSlow: boolean;
  readonly message: string;
}

/** And what it says. */
export type ThreadAnswer =
  | { readonly ready: true }
  | { readonly id: number; readonly result: BlockResult }
  | { readonly id: number; readonly error: ThreadError };

interface Thread {
  readonly worker: Worker;
  /** Blocks that it has. */
  busy: number;
}

/** Blocks that a thread has at once, so that it never waits for the next. */
const AHEAD = 2;

/**
 * Searches in `count` threads; with `helps` this one takes blocks as well, at first all of them while the others start. Without,
 * nothing is searched here, so that whoever else this thread serves is never kept waiting.
 * Whatever ends a thread ends the search with an error.
 */
export class SearchThreads implements Searcher {
  readonly width: number;
  readonly #here: SearchHere;
  readonly #threads: Thread[];
  readonly #signal: AbortSignal | undefined;
  readonly #capacity: number;
  readonly #pending = new Map<number, PromiseWithResolvers<BlockResult>>();
  readonly #waiting: { readonly question: ThreadQuestion; readonly block: Block }[] = [];
  /** Whether this thread takes blocks, too, and has one. */
  readonly #helps: boolean;
  #isBusy = false;
  #failure: unknown;
  #count = 0;

  constructor(plan: SearchPlan, count: number, signal: AbortSignal | undefined, { helps = false } = {}) {
    this.#helps = helps;
    this.width = (count + 1) * (AHEAD + 1);
    this.#here = new SearchHere(plan, signal);
    this.#signal = signal;
    this.#capacity = plan.capacity;
    this.#threads = Array.from({ length: count }, () => this.#start(plan));
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
  }

  search(block: Block): Promise<BlockResult> {
    const from = filesOf(block);
    if (from) return this.#ask(block, from);
    if (this.#helps) return this.#here.search(block);
    return this.#loaded(block);
  }

  searchHere(block: Block): Promise<BlockResult> {
    return this.#helps ? this.#here.search(block) : this.search(block);
  }

  async #loaded(block: Block): Promise<BlockResult> {
    const bytes = new Uint8Array(this.#capacity);
    const lengths: number[] = [];
    for (const { source, offset, bytes: length, at } of block.reads)
      lengths.push(await source.readInto(offset, bytes.subarray(at, at + length), { signal: this.#signal }));
    return this.#ask(block, { bytes, lengths });
  }

  #ask(block: Block, from: ThreadQuestion['from']): Promise<BlockResult> {
    const reads = block.reads.map(({ offset, bytes, at }) => ({ offset, bytes, at }));
    const question = { id: this.#count, reads, from, views: block.views };
    this.#count += 1;
    const pending = Promise.withResolvers<BlockResult>();
    // Whoever asked may have gone by the time that it fails.
    pending.promise.catch(() => undefined);
    if (this.#failure !== undefined) pending.reject(this.#failure);
    else {
      this.#pending.set(question.id, pending);
      this.#waiting.push({ question, block });
      this.#handOut();
    }
    return pending.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#fail(new DOMException('the search has ended', 'AbortError'));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
    await this.#here[Symbol.asyncDispose]();
  }

  #start(plan: SearchPlan): Thread {
    const worker = new Worker(new URL('./search-thread.ts', import.meta.url), { workerData: plan });
    // It says when it is ready; until then it takes none.
    const thread: Thread = { worker, busy: AHEAD };
    worker.on('message', (answer: ThreadAnswer) => this.#hear(thread, answer));
    worker.on('error', (cause) => {
      this.#fail(forensicsError('ERR_SEARCH_WORKER', 'a thread that searched memory has failed', { cause }));
    });
    worker.on('exit', (code) => {
      this.#fail(forensicsError('ERR_SEARCH_WORKER', `a thread that searched memory has ended (${code})`));
    });
    return thread;
  }

  #handOut(): void {
    for (;;) {
      const free = this.#threads.reduce((best, each) => (each.busy < best.busy ? each : best));
      const next = free.busy < AHEAD ? this.#waiting.shift() : undefined;
      if (next === undefined) break;
      free.busy += 1;
      const { from } = next.question;
      free.worker.postMessage(next.question, 'bytes' in from ? [from.bytes.buffer] : []);
    }
    if (this.#helps && !this.#isBusy && this.#waiting.length > 0) void this.#help();
  }

  async #help(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { id } = next.question;
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      await this.#here.search(next.block).then(pending?.resolve, pending?.reject);
    }
    this.#isBusy = false;
  }

  #hear(thread: Thread, answer: ThreadAnswer): void {
    if ('ready' in answer) {
      thread.busy = 0;
      this.#handOut();
      return;
    }
    thread.busy -= 1;
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('result' in answer) pending?.resolve(answer.result);
    else pending?.reject(errorOf(answer.error));
    this.#handOut();
  }

  readonly #abort = (): void => {
    this.#fail(this.#signal?.reason);
    for (const { worker } of this.#threads) void worker.terminate();
  };

  #fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#waiting.length = 0;
  }
}

function errorOf({ isSlow, message }: ThreadError): Error {
  if (isSlow) return forensicsError('ERR_SEARCH_PATTERN_SLOW', message);
  return forensicsError('ERR_SEARCH_WORKER', `memory could not be searched: ${message}`);
}

/** Where the reads of a block lie, by the paths of their files; undefined where some of it lies in none. */
function filesOf(block: Block): ThreadQuestion['from'] | undefined {
  const paths: string[] = [];
  const places: { path: number; offset: number }[] = [];
  for (const { source, offset } of block.reads) {
    const { locator } = source;
    if (locator?.kind !== 'file') return undefined;
    const known = paths.indexOf(locator.path);
    places.push({ path: known < 0 ? paths.push(locator.path) - 1 : known, offset: locator.offset + offset });
  }
  return { paths, places };
}
