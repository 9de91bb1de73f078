/**
 * A gate that many pass at once, or one alone. Who passes together with others never waits for one that still waits to be
 * alone, so passing again from inside is safe.
 */
export class Gate {
  #inside = 0;
  #alone: Promise<void> | undefined;
  readonly #emptied: (() => void)[] = [];

  /** Passes as one of many, once nobody is alone inside. Disposing leaves. */
  async enter(): Promise<Disposable> {
    while (this.#alone) await this.#alone;
    this.#inside++;
    let left = false;
    return {
      [Symbol.dispose]: () => {
        if (left) return;
        left = true;
        this.#inside--;
        if (this.#inside === 0) for (const wake of this.#emptied.splice(0)) wake();
      },
    };
  }

  /** Runs `work` with nobody else inside. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone || this.#inside > 0) {
      await (this.#alone ?? new Promise<void>((resolve) => this.#emptied.push(resolve)));
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#alone = promise;
    try {
      return await work();
    } finally {
      this.#alone = undefined;
      resolve();
    }
  }
}
