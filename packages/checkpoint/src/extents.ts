/** Bytes put together from runs of other sources: what a recipe says, and what reads by it. */
import { type ByteSource, demandOffset, type ReadOptions } from '@stillframe/core';

/** One run. `source` 0 stands for zeroes, any other number for a source that its reader knows. */
export interface Extent {
  readonly source: number;
  /** Byte in the source; 0 for zeroes. */
  readonly start: number;
  /** Bytes. */
  readonly length: number;
}

/** The source that is all zeroes and takes no room. */
export const ZEROES = 0;

/** A list of runs, 20 bytes each: a container whose memory is scattered over ten checkpoints has hundreds of thousands. */
export class ExtentList implements Iterable<Extent> {
  #count = 0;
  #sources = new Uint32Array(64);
  #starts = new Float64Array(64);
  /** Where each run ends in the whole. */
  #ends = new Float64Array(64);

  /** Runs. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the whole. */
  get size(): number {
    return this.#endOf(this.#count - 1);
  }

  /** Adds a run at the end; one that goes on where the last stopped becomes part of it. */
  push(source: number, start: number, length: number): void {
    if (length === 0) return;
    const last = this.#count - 1;
    if (last >= 0 && this.#sources[last] === source && (source === ZEROES || this.#sourceEnd(last) === start)) {
      this.#ends[last] = this.#endOf(last) + length;
      return;
    }
    if (this.#count === this.#sources.length) this.#grow();
    const end = this.size + length;
    this.#sources[this.#count] = source;
    this.#starts[this.#count] = source === ZEROES ? 0 : start;
    this.#ends[this.#count] = end;
    this.#count += 1;
  }

  /** Where in the whole run `index` begins. */
  offsetOf(index: number): number {
    return this.#endOf(index - 1);
  }

  at(index: number): Extent {
    const length = this.#endOf(index) - this.#endOf(index - 1);
    return { source: this.#sources[index] ?? 0, start: this.#starts[index] ?? 0, length };
  }

  /** The run that holds byte `offset` of the whole, which must be below its size. */
  find(offset: number): number {
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#endOf(middle) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  *[Symbol.iterator](): Generator<Extent, void, undefined> {
    for (let index = 0; index < this.#count; index += 1) yield this.at(index);
  }

  #endOf(index: number): number {
    return index < 0 ? 0 : (this.#ends[index] ?? 0);
  }

  #sourceEnd(index: number): number {
    return (this.#starts[index] ?? 0) + this.#endOf(index) - this.#endOf(index - 1);
  }

  #grow(): void {
    const longer = <T extends Uint32Array | Float64Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    const length = this.#sources.length * 2;
    this.#sources = longer(this.#sources, new Uint32Array(length));
    this.#starts = longer(this.#starts, new Float64Array(length));
    this.#ends = longer(this.#ends, new Float64Array(length));
  }
}

/**
 * The whole as one source. `open` gives the source behind a number and is asked once for each. Reading throws what it
 * throws, and what the sources throw; one that ends early ends the read.
 */
export function extentSource(extents: ExtentList, open: (source: number) => Promise<ByteSource>): ByteSource {
  const sources = new Map<number, Promise<ByteSource>>();
  const sourceOf = (number: number): Promise<ByteSource> => {
    const known = sources.get(number) ?? open(number);
    sources.set(number, known);
    // A registry that was away for a moment is asked again.
    known.catch(() => sources.delete(number));
    return known;
  };
  const { size } = extents;
  return {
    size,
    async readInto(offset: number, target: Uint8Array, options?: ReadOptions): Promise<number> {
      demandOffset(offset);
      const wanted = Math.min(target.length, Math.max(0, size - offset));
      let index = wanted === 0 ? 0 : extents.find(offset);
      for (let done = 0; done < wanted; index += 1) {
        const { source, start, length } = extents.at(index);
        const skip = offset + done - extents.offsetOf(index);
        const part = target.subarray(done, done + Math.min(length - skip, wanted - done));
        if (source === ZEROES) part.fill(0);
        else {
          const read = await (await sourceOf(source)).readInto(start + skip, part, options);
          if (read < part.length) return done + read;
        }
        done += part.length;
      }
      return wanted;
    },
  };
}
