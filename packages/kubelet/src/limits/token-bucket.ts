/** Rate limits: a bucket of tokens a key, refilled steadily. */

export interface Rate {
  /** Tokens that come back a second. */
  readonly perSecond: number;
  /** Tokens of a full bucket. */
  readonly burst: number;
}

/** Keys that are remembered; a full bucket need not be, and the oldest goes when there are more. */
const MOST = 4096;

/** Buckets by key: a user, an address. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(rate: Rate, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Takes a token. The seconds to wait, a whole number from 1 on, where there is none; undefined where there was. */
  take(key: string): number | undefined {
    const bucket = this.#fill(key);
    // Set anew, so that the map stays in order of use.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [first] = this.#buckets.keys();
    if (this.#buckets.size > MOST && first !== undefined) this.#buckets.delete(first);
    if (bucket.tokens < 1) return this.#waitOf(bucket.tokens);
    bucket.tokens -= 1;
    return undefined;
  }

  /** Whether a token is there, without taking it. */
  has(key: string): boolean {
    return this.#fill(key).tokens >= 1;
  }

  #fill(key: string): { tokens: number; at: number } {
    const now = this.#now();
    const { tokens, at } = this.#buckets.get(key) ?? { tokens: this.#rate.burst, at: now };
    return { tokens: Math.min(this.#rate.burst, tokens + ((now - at) / 1000) * this.#rate.perSecond), at: now };
  }

  #waitOf(tokens: number): number {
    return Math.max(1, Math.ceil((1 - tokens) / this.#rate.perSecond));
  }
}
