/** Blocks searched in threads. Each opens the files for itself; what lies in no file is searched in this thread. */
import { Worker } from 'node:worker_threads';
import { forensicsError } from '../errors.ts';
import type { Block, BlockResult, PlacedRead } from './block.ts';
import type { View } from './scanner.ts';
import { type Searcher, SearchHere, type SearchPlan } from './searcher.ts';

/** A block as a thread gets it. */
export interface ThreadQuestion {
  readonly id: number;
  readonly paths: readonly string[];
  readonly reads: readonly (PlacedRead & { readonly path: number })[];
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
 * Searches in `count` threads; with `helps` this one takes blocks as well, at first all of them while the others start.
 * Whatever ends a thread ends the search with an error.
 */
export class SearchThreads implements Searcher {
  readonly width: number;
  readonly #here: SearchHere;
  readonly #threads: Thread[];
  readonly #signal: AbortSignal | undefined;
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
    this.#threads = Array.from({ length: count }, () => this.#start(plan));
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
  }

  search(block: Block): Promise<BlockResult> {
    const question = questionOf(this.#count, block);
    if (question === undefined) return this.#here.search(block);
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

  searchHere(block: Block): Promise<BlockResult> {
    return this.#here.search(block);
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
      free.worker.postMessage(next.question);
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

/** The block by the paths of its files; undefined where some of it lies in none. */
function questionOf(id: number, block: Block): ThreadQuestion | undefined {
  const paths: string[] = [];
  const reads: ThreadQuestion['reads'][number][] = [];
  for (const { source, offset, bytes, at } of block.reads) {
    const { locator } = source;
    if (locator?.kind !== 'file') return undefined;
    let path = paths.indexOf(locator.path);
    if (path < 0) path = paths.push(locator.path) - 1;
    reads.push({ path, offset: locator.offset + offset, bytes, at });
  }
  return { id, paths, reads, views: block.views };
}
