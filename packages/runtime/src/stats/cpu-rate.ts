/** How much processor a container uses now, from two looks at what it has used so far. */

interface Sample {
  at: bigint;
  usage: bigint;
}

/** Nanoseconds that two samples must be apart for their difference to mean something. */
const APART = 100_000_000n;
/** Nanoseconds after which a sample says nothing of now. */
const STALE = 120_000_000_000n;

export class CpuRates {
  readonly #known = new Map<string, { last: Sample; rate?: bigint }>();

  /**
   * Notes a sample and returns nanoseconds of processor a second, or undefined until there are two that are far enough
   * apart. A counter that went back belongs to a new cgroup and begins anew.
   */
  note(id: string, at: bigint, usage: bigint): bigint | undefined {
    const known = this.#known.get(id);
    const fresh = known && at - known.last.at < STALE && usage >= known.last.usage ? known : undefined;
    if (fresh && at - fresh.last.at < APART) return fresh.rate;
    const rate = fresh && ((usage - fresh.last.usage) * 1_000_000_000n) / (at - fresh.last.at);
    this.#known.set(id, rate === undefined ? { last: { at, usage } } : { last: { at, usage }, rate });
    return rate;
  }

  /** Forgets every id that `lives` does not know. */
  keep(lives: (id: string) => boolean): void {
    for (const id of this.#known.keys()) if (!lives(id)) this.#known.delete(id);
  }
}
