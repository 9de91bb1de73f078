/** Answers that hold for a while. */

/** Entries; the one that was added first goes when there are more. */
const MOST = 4096;

/** Remembers answers by key for as long as each is good, and asks once where several want the same one at a time. */
export class TtlCache<T> {
  readonly #found = new Map<string, { value: T; until: number }>();
  readonly #asking = new Map<string, Promise<T>>();
  readonly #lifeOf: (value: T) => number;
  readonly #now: () => number;

  /** `lifeOf`: milliseconds that an answer is good for; 0 keeps none. */
  constructor(lifeOf: (value: T) => number, now: () => number = Date.now) {
    this.#lifeOf = lifeOf;
    this.#now = now;
  }

  /** The remembered answer, or the one that `ask` gives. Failures are not remembered. */
  get(key: string, ask: () => Promise<T>): Promise<T> {
    const found = this.#found.get(key);
    if (found && found.until > this.#now()) return Promise.resolve(found.value);
    this.#found.delete(key);
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#ask(key, ask).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #ask(key: string, ask: () => Promise<T>): Promise<T> {
    const value = await ask();
    const life = this.#lifeOf(value);
    if (life > 0) this.#found.set(key, { value, until: this.#now() + life });
    const [first] = this.#found.keys();
    if (this.#found.size > MOST && first !== undefined) this.#found.delete(first);
    return value;
  }
}
