/** Many at once, or one alone: creating containers of images beside removing images. */

export class Gate {
  #inside = 0;
  #alone: Promise<unknown> = Promise.resolve();
  #emptied: (() => void)[] = [];

  /** Whether shared work is under way. */
  get busy(): boolean {
    return this.#inside > 0;
  }

  /** Runs `work` beside others of its kind, never beside exclusive work. May be nested. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    // Whoever is nested is inside already: waiting for exclusive work that waits for the outer one would never end.
    if (this.#inside === 0) await this.#alone;
    this.#inside += 1;
    try {
      return await work();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) for (const wake of this.#emptied.splice(0)) wake();
    }
  }

  /** Runs `work` when no shared work is under way; what comes after waits for its end. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#alone.then(async () => {
      while (this.#inside > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
      return work();
    });
    this.#alone = mine.catch(() => undefined);
    return mine;
  }
}
