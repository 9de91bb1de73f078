import { orAborted } from '@stillframe/core';

/** Runs what has the same key one after the other, and what has different keys at once. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Calls `work` when everything before it with `key` has ended. While it waits, `signal` ends it with its reason. */
  async run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const tail = before.then(() => left);
    this.#tails.set(key, tail);
    try {
      await orAborted(before, signal);
      return await work();
    } finally {
      leave();
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
