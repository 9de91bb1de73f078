/** One pass over an archive: its digest, and which of its granules are new. */
import { type ByteSource, type Digest, type ReadOptions, Sha256 } from '@stillframe/core';
import { ExtentList, ZEROES } from '../../extents.ts';
import { KEY, keyOf, type PageTable } from './page-table.ts';
import { REST } from './recipe.ts';
import type { Segment } from './segments.ts';

/** What the pass found. */
export interface Scan {
  readonly digest: Digest;
  /** The archive in terms of REST, of known packs by their number in the table, and of `own` for what is new. */
  readonly extents: ExtentList;
  /** What is new, what is no whole granule: as runs of the archive, source ARCHIVE, each with its digest. */
  readonly pack: { extents: ExtentList; digest: Digest };
  readonly rest: { extents: ExtentList; digest: Digest };
  /** KEY bytes of each granule of the new pack. */
  readonly index: Uint8Array;
}

export interface ScanOptions extends ReadOptions {
  /** Bytes of the archive gone through so far. */
  onProgress?: ((bytes: number) => void) | undefined;
}

/** The source that stands for the archive itself in `pack` and `rest`. */
const ARCHIVE = 1;

/** Bytes read at once; a multiple of every granule up to it. */
const CHUNK = 4 << 20;

/** `table` gets the new granules too, under the pack number `own`. Throws the reason of an aborted signal. */
export async function scanArchive(
  tar: ByteSource,
  segments: readonly Segment[],
  { granule, table, own }: { granule: number; table: PageTable; own: number },
  { signal, onProgress }: ScanOptions = {},
): Promise<Scan> {
  const chunk = new Uint8Array(Math.max(CHUNK, granule));
  const sorting = new Sorting(granule, table, own);
  const whole = new Sha256();
  for (const { offset, size } of segments) {
    for (let done = 0; done < size; ) {
      signal?.throwIfAborted();
      const part = chunk.subarray(0, Math.min(chunk.length, size - done));
      await readFully(tar, offset + done, part, signal);
      whole.update(part);
      sorting.add(part, offset + done);
      done += part.length;
      onProgress?.(offset + done);
    }
  }
  return sorting.result(whole.digest());
}

class Sorting {
  readonly #granule: number;
  readonly #table: PageTable;
  readonly #own: number;
  readonly #zeroes: Buffer;
  readonly #extents = new ExtentList();
  readonly #pack = { extents: new ExtentList(), hash: new Sha256() };
  readonly #rest = { extents: new ExtentList(), hash: new Sha256() };
  #keys = Buffer.alloc(KEY << 10);
  #count = 0;

  constructor(granule: number, table: PageTable, own: number) {
    this.#granule = granule;
    this.#table = table;
    this.#own = own;
    this.#zeroes = Buffer.alloc(granule);
  }

  /** Bytes of one segment; only its last ones may end within a granule. `offset`: where they lie in the archive. */
  add(bytes: Uint8Array, offset: number): void {
    let at = 0;
    for (; at + this.#granule <= bytes.length; at += this.#granule) {
      this.#granuleAt(bytes.subarray(at, at + this.#granule), offset + at);
    }
    const tail = bytes.subarray(at);
    if (tail.length === 0) return;
    this.#extents.push(REST, this.#rest.extents.size, tail.length);
    this.#rest.extents.push(ARCHIVE, offset + at, tail.length);
    this.#rest.hash.update(tail);
  }

  result(digest: Digest): Scan {
    const pack = { extents: this.#pack.extents, digest: this.#pack.hash.digest() };
    const rest = { extents: this.#rest.extents, digest: this.#rest.hash.digest() };
    return { digest, extents: this.#extents, pack, rest, index: this.#keys.subarray(0, this.#count * KEY) };
  }

  #granuleAt(granule: Uint8Array, offset: number): void {
    const size = this.#granule;
    if (this.#zeroes.equals(granule)) {
      this.#extents.push(ZEROES, 0, size);
      return;
    }
    const key = keyOf(granule);
    const known = this.#table.find(key);
    if (known) {
      this.#extents.push(known.pack, known.page * size, size);
      return;
    }
    this.#table.add(key, this.#own, this.#count);
    this.#extents.push(this.#own, this.#count * size, size);
    this.#pack.extents.push(ARCHIVE, offset, size);
    this.#pack.hash.update(granule);
    if (this.#keys.length === this.#count * KEY) this.#keys = Buffer.concat([this.#keys, this.#keys]);
    this.#keys.set(key, this.#count * KEY);
    this.#count += 1;
  }
}

async function readFully(tar: ByteSource, offset: number, part: Uint8Array, signal: AbortSignal | undefined) {
  const read = await tar.readInto(offset, part, { signal });
  if (read !== part.length) throw new RangeError(`the archive ended at ${offset + read} of ${tar.size} bytes`);
}
