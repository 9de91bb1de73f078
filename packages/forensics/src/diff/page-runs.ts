/** Runs of pages that differ, 17 bytes each: memory that is rewritten here and there has hundreds of thousands. */

/**
 * What became of the pages of a run. `changed`: other bytes. `written`: nobody had written there, zeroes or the bytes of the
 * mapped file were there. `dropped`: the other way round. `added`: nothing was mapped there.
 */
export const PAGE_CHANGES = ['changed', 'written', 'dropped', 'added'] as const;
export type PageChange = (typeof PAGE_CHANGES)[number];

/** One run: bytes from an address on, of one process or one segment. */
export interface PageRun {
  readonly start: bigint;
  readonly bytes: number;
  readonly change: PageChange;
}

/** Units in which addresses are kept; pages are one of them or more. */
const UNIT = 4096;
const UNITS = BigInt(UNIT);

/** Runs by ascending address. */
export class PageRuns implements Iterable<PageRun> {
  #length = 0;
  #starts = new Float64Array(16);
  #units = new Float64Array(16);
  #changes = new Uint8Array(16);

  get length(): number {
    return this.#length;
  }

  /** Adds pages behind all that were added; those that go on where the last run ended with the same change become part of it. */
  add(start: bigint, bytes: number, change: PageChange): void {
    const unit = Number(start / UNITS);
    const units = Math.ceil(bytes / UNIT);
    const code = PAGE_CHANGES.indexOf(change);
    const last = this.#length - 1;
    if (last >= 0 && this.#end(last) === unit && this.#changes[last] === code) {
      this.#units[last] = (this.#units[last] ?? 0) + units;
      return;
    }
    if (this.#length === this.#starts.length) this.#grow();
    this.#starts[this.#length] = unit;
    this.#units[this.#length] = units;
    this.#changes[this.#length] = code;
    this.#length += 1;
  }

  /** Whether any of the bytes is in a run. */
  touches(start: bigint, bytes: number): boolean {
    const [first, end] = [Number(start / UNITS), Number((start + BigInt(Math.max(1, bytes)) - 1n) / UNITS) + 1];
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#end(middle) > first) high = middle;
      else low = middle + 1;
    }
    return low < this.#length && (this.#starts[low] ?? 0) < end;
  }

  *[Symbol.iterator](): Generator<PageRun, void, undefined> {
    for (let i = 0; i < this.#length; i += 1) {
      yield {
        start: BigInt(this.#starts[i] ?? 0) * UNITS,
        bytes: (this.#units[i] ?? 0) * UNIT,
        change: PAGE_CHANGES[this.#changes[i] ?? 0] ?? 'changed',
      };
    }
  }

  #end(index: number): number {
    return (this.#starts[index] ?? 0) + (this.#units[index] ?? 0);
  }

  #grow(): void {
    const length = this.#length * 2;
    const [starts, units, changes] = [new Float64Array(length), new Float64Array(length), new Uint8Array(length)];
    starts.set(this.#starts);
    units.set(this.#units);
    changes.set(this.#changes);
    [this.#starts, this.#units, this.#changes] = [starts, units, changes];
  }
}
