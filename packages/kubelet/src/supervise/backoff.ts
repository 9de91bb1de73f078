/** Waiting before a further try: 10 s, doubled up to 5 min, forgotten after 10 min without one (client-go, flowcontrol). */

const SECOND = 1000;
const FIRST_DELAY = 10 * SECOND;
const LONGEST_DELAY = 300 * SECOND;

interface Entry {
  delay: number;
  /** When it was last lengthened, milliseconds. */
  since: number;
}

export class Backoff {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Milliseconds until the next try after what ended, or failed, at `at`; zero: now. */
  remaining(key: string, at: number): number {
    const entry = this.#entries.get(key);
    if (!entry || this.#isOver(entry, at)) return 0;
    return Math.max(0, at + entry.delay - this.#now());
  }

  /** The delay that holds, milliseconds; zero where none does. */
  delay(key: string): number {
    return this.#entries.get(key)?.delay ?? 0;
  }

  /** A try is made after what ended at `at`: the next one waits longer. */
  next(key: string, at: number): void {
    const entry = this.#entries.get(key);
    const delay = entry && !this.#isOver(entry, at) ? Math.min(LONGEST_DELAY, entry.delay * 2) : FIRST_DELAY;
    this.#entries.set(key, { delay, since: this.#now() });
  }

  /** What an earlier process knew: `tries` have been made, the last of them at `at`. Without effect on a known key. */
  resume(key: string, tries: number, at: number): void {
    if (tries <= 0 || this.#entries.has(key)) return;
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(tries - 1, 10));
    this.#entries.set(key, { delay, since: at });
  }

  /** Forgets every key that begins so. */
  forget(beginning: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(beginning)) this.#entries.delete(key);
  }

  #isOver({ since }: Entry, at: number): boolean {
    return at - since > 2 * LONGEST_DELAY;
  }
}
