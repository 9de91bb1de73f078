/**
 * What is measured of the entries of an archive as its bytes go by. Loads no more than it needs: threads begin with it.
 */
import { createHash } from 'node:crypto';
import type { MeasuredContents, MeasuredEntry } from './measure.ts';
import { MERKLE_ALGORITHM, MerkleRoot, RUN, RunHasher } from './merkle.ts';

/** Where the bytes of an entry lie in the archive. */
export interface EntryRange {
  name: string;
  offset: number;
  size: number;
}

/** Whether an entry holds pages of memory: CRIU's pages images, of earlier dumps too. */
function isMemory(name: string): boolean {
  return /(^|\/)pages-[^/]*\.img$/.test(name);
}

/** Takes an archive's bytes from the first to the last. */
export class EntryMeters {
  readonly #ordered: readonly EntryRange[];
  readonly #memory = new MerkleRoot();
  readonly #entries: MeasuredEntry[] = [];
  #next = 0;
  #at = 0;
  #open: Meter | undefined;

  /** Ranges that overlap are each measured as far as they lie behind the one before. */
  constructor(ranges: readonly EntryRange[]) {
    this.#ordered = ranges.toSorted((a, b) => a.offset - b.offset || a.size - b.size);
    this.#open = this.#meter();
  }

  update(chunk: Uint8Array): void {
    const start = this.#at;
    while (this.#open && this.#open.end <= start + chunk.length) {
      this.#open.update(chunk, start);
      this.#close(this.#open);
    }
    this.#open?.update(chunk, start);
    this.#at = start + chunk.length;
  }

  /** Nothing may follow. */
  end(): MeasuredContents {
    while (this.#open) this.#close(this.#open);
    const { leaves } = this.#memory;
    return {
      entries: this.#entries,
      memory: { algorithm: MERKLE_ALGORITHM, run: RUN, leaves, root: this.#memory.root() },
    };
  }

  #close(open: Meter): void {
    this.#entries.push(open.close());
    this.#next += 1;
    this.#open = this.#meter();
  }

  #meter(): Meter | undefined {
    const range = this.#ordered[this.#next];
    return range && meterOf(range, this.#memory);
  }
}

interface Meter {
  /** Offset in the archive after its last byte. */
  end: number;
  /** Takes what of `chunk`, which begins at `start`, belongs to the entry. */
  update(chunk: Uint8Array, start: number): void;
  close(): MeasuredEntry;
}

function meterOf({ name, offset, size }: EntryRange, memory: MerkleRoot): Meter {
  const end = offset + size;
  const part = (chunk: Uint8Array, start: number) =>
    chunk.subarray(Math.max(0, offset - start), Math.max(0, Math.min(chunk.length, end - start)));
  if (!isMemory(name)) {
    const hash = createHash('sha256');
    return {
      end,
      update: (chunk, start) => void hash.update(part(chunk, start)),
      close: () => ({ name, size, digest: `sha256:${hash.digest('hex')}` }),
    };
  }
  const tree = new MerkleRoot();
  const runs = new RunHasher((leaf) => {
    tree.add(leaf);
    memory.add(leaf);
  });
  return {
    end,
    update: (chunk, start) => runs.update(part(chunk, start)),
    close: () => {
      runs.end();
      return { name, size, root: tree.root() };
    },
  };
}
