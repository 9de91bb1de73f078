/**
 * How an archive is put together from a chain's layers, as bytes: the letters `SFRECIPE`, then unsigned LEB128 numbers:
 * version 1, granule and size in bytes, count of runs; of each run its source (0 zeroes, 1 the rest, 2 and up the packs in
 * the order of the layers) and its length, in granules for packs and in bytes otherwise; of a pack's run, too, how far it
 * starts from where the last run of that pack ended, in granules, zigzag. The rest is used from its start to its end.
 */
import { checkpointError } from '../../errors.ts';
import { ExtentList, ZEROES } from '../../extents.ts';

/** The source that holds what is no whole granule: headers, small files, tails. */
export const REST = 1;
/** The first pack's number. */
export const FIRST_PACK = 2;

/** An archive as runs. */
export interface Recipe {
  /** Bytes that packs are cut into: a power of two, 4096 or more. */
  readonly granule: number;
  /** Of sources ZEROES, REST and the packs; starts of packs are whole granules. */
  readonly extents: ExtentList;
}

const MAGIC = Buffer.from('SFRECIPE');
const VERSION = 1;
/** Runs of one recipe: 32 GiB of 4 KiB pages, no two of them neighbours. */
const MAX_EXTENTS = 1 << 23;
/** Bytes of one recipe, for whoever reads one. */
export const MAX_RECIPE = 128 << 20;
const GRANULES = { least: 4096, most: 1 << 24 };

export function encodeRecipe({ granule, extents }: Recipe): Uint8Array {
  const writer = new Writer();
  writer.bytes(MAGIC);
  for (const value of [VERSION, granule, extents.size, extents.count]) writer.varint(value);
  const ends = new Map<number, number>();
  for (const { source, start, length } of extents) {
    writer.varint(source);
    if (source < FIRST_PACK) {
      writer.varint(length);
      continue;
    }
    const [from, count] = [start / granule, length / granule];
    const step = from - (ends.get(source) ?? 0);
    writer.varint(count);
    writer.varint(step < 0 ? -2 * step - 1 : 2 * step);
    ends.set(source, from + count);
  }
  return writer.done();
}

/** Throws ERR_CHAIN_RECIPE_INVALID for anything that encodeRecipe does not write. */
export function decodeRecipe(bytes: Uint8Array): Recipe {
  const reader = new Reader(bytes);
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) throw invalid('it does not begin as one');
  reader.at = MAGIC.length;
  if (reader.varint() !== VERSION) throw invalid('it is of another version');
  const granule = reader.varint();
  const { least, most } = GRANULES;
  if (granule < least || granule > most || (granule & (granule - 1)) !== 0)
    throw invalid(`granules of ${granule} bytes`);
  const size = reader.varint();
  const count = reader.varint();
  if (count > MAX_EXTENTS || count > bytes.length) throw invalid(`${count} runs`);
  const extents = new ExtentList();
  const ends = new Map<number, number>([[REST, 0]]);
  for (let index = 0; index < count; index += 1) {
    const source = reader.varint();
    const units = reader.varint();
    const unit = source < FIRST_PACK ? 1 : granule;
    const zigzag = source < FIRST_PACK ? 0 : reader.varint();
    const step = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    const start = source === ZEROES ? 0 : (ends.get(source) ?? 0) + step * unit;
    const length = units * unit;
    if (length === 0 || start < 0 || !Number.isSafeInteger(start + length) || extents.size + length > size)
      throw invalid(`run ${index} lies outside`);
    extents.push(source, start, length);
    if (source !== ZEROES) ends.set(source, start + length);
  }
  if (extents.size !== size || reader.at !== bytes.length) throw invalid('its runs are not as long as it says');
  return { granule, extents };
}

function invalid(why: string) {
  return checkpointError('ERR_CHAIN_RECIPE_INVALID', `the recipe of the chain image cannot be used: ${why}`);
}

class Writer {
  #bytes = Buffer.alloc(1 << 12);
  #at = 0;

  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.#byte(byte);
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#byte((rest % 0x80) | 0x80);
    this.#byte(rest);
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #byte(value: number): void {
    if (this.#at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) throw invalid('it ends early');
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw invalid('a number is too large');
      if (byte < 0x80) return value;
    }
  }
}
