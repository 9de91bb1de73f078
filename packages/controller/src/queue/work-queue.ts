/** Keys that are to be worked on: each stands in it once, and is worked on by one at a time; what fails waits longer each time. */
import { backoff, type Clock } from '../clock.ts';

/** Milliseconds until it is to be looked at again, or nothing. */
export type Work = (key: string, signal: AbortSignal) => Promise<number | undefined>;

export interface QueueRun {
  readonly workers: number;
  readonly work: Work;
  readonly failed: (key: string, error: unknown) => void;
  readonly stop: AbortSignal;
  readonly lost: AbortSignal;
}

const FIRST_WAIT = 200;
const LONGEST_WAIT = 300_000;

export class WorkQueue {
  readonly #ready = new Set<string>();
  readonly #working = new Set<string>();
  /** Came while it was worked on. */
  readonly #again = new Set<string>();
  readonly #later = new Map<string, { due: number; forget: () => void }>();
  readonly #tries = new Map<string, number>();
  readonly #clock: Clock;
  readonly #random: () => number;
  #wake: (() => void)[] = [];

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  add(key: string): void {
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#ready.add(key);
    this.#wake.shift()?.();
  }

  /** Of several times the earliest holds. */
  addAfter(key: string, milliseconds: number): void {
    const due = this.#clock.monotonic() + milliseconds;
    const known = this.#later.get(key);
    if (known && known.due <= due) return;
    known?.forget();
    const forget = this.#clock.after(milliseconds, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { due, forget });
  }

  /** Begins nothing more once `stop` aborts, and waits for what is under way, which is given `lost`. */
  async run({ workers, work, failed, stop, lost }: QueueRun): Promise<void> {
    const wakeAll = () => {
      for (const wake of this.#wake.splice(0)) wake();
    };
    const ending = AbortSignal.any([stop, lost]);
    ending.addEventListener('abort', wakeAll, { once: true });
    try {
      await Promise.all(Array.from({ length: workers }, () => this.#worker(work, failed, ending, lost)));
    } finally {
      ending.removeEventListener('abort', wakeAll);
      for (const { forget } of this.#later.values()) forget();
      this.#later.clear();
      this.#tries.clear();
      this.#ready.clear();
    }
  }

  async #worker(work: Work, failed: QueueRun['failed'], ending: AbortSignal, lost: AbortSignal): Promise<void> {
    while (!ending.aborted) {
      const [key] = this.#ready;
      if (key === undefined) {
        await new Promise<void>((resolve) => this.#wake.push(resolve));
        continue;
      }
      this.#ready.delete(key);
      this.#working.add(key);
      try {
        const wait = await work(key, lost);
        this.#tries.delete(key);
        if (wait !== undefined) this.addAfter(key, wait);
      } catch (error) {
        if (lost.aborted) return;
        failed(key, error);
        const tries = this.#tries.get(key) ?? 0;
        this.#tries.set(key, tries + 1);
        this.addAfter(key, backoff(tries, FIRST_WAIT, LONGEST_WAIT, this.#random));
      } finally {
        this.#working.delete(key);
        if (this.#again.delete(key)) this.add(key);
      }
    }
  }
}
