/** Where granules of known content lie, by the first half of their SHA-256: 128 bits are out of reach of a made collision. */
import { hash } from 'node:crypto';

/** Bytes of one granule's key, in a page index as well. */
export const KEY = 16;
const WORDS = KEY / 4;
const FREE = 0xffff_ffff;
/** Parts of the table that may be in use before it grows. */
const FULL = 0.6;

/** The key of a granule. */
export function keyOf(granule: Uint8Array): Uint8Array {
  return hash('sha256', granule, 'buffer').subarray(0, KEY);
}

/** 24 bytes a slot: about 10 MB for a GiB in pages of 4 KiB. */
export class PageTable {
  #slots = 1 << 12;
  #count = 0;
  #keys = new Uint32Array(this.#slots * WORDS);
  #packs = new Uint32Array(this.#slots).fill(FREE);
  #pages = new Uint32Array(this.#slots);

  /** Notes where a granule lies, unless one of its content is known already. `key`: of KEY bytes. */
  add(key: Uint8Array, pack: number, page: number): void {
    if (this.#count >= this.#slots * FULL) this.#grow();
    const words = wordsOf(key);
    const slot = this.#slotOf(words);
    if (this.#packs[slot] !== FREE) return;
    this.#put(slot, words, pack, page);
    this.#count += 1;
  }

  /** Where a granule of that content lies: pack and page in it. */
  find(key: Uint8Array): { pack: number; page: number } | undefined {
    const slot = this.#slotOf(wordsOf(key));
    const pack = this.#packs[slot] ?? FREE;
    return pack === FREE ? undefined : { pack, page: this.#pages[slot] ?? 0 };
  }

  /** The slot of a key, or the free one where it belongs. */
  #slotOf(words: Words): number {
    const mask = this.#slots - 1;
    // A digest needs no further mixing.
    for (let slot = words[0] & mask; ; slot = (slot + 1) & mask) {
      if (this.#packs[slot] === FREE || this.#holds(slot, words)) return slot;
    }
  }

  #holds(slot: number, words: Words): boolean {
    const at = slot * WORDS;
    const keys = this.#keys;
    return keys[at] === words[0] && keys[at + 1] === words[1] && keys[at + 2] === words[2] && keys[at + 3] === words[3];
  }

  #put(slot: number, words: Words, pack: number, page: number): void {
    this.#keys.set(words, slot * WORDS);
    this.#packs[slot] = pack;
    this.#pages[slot] = page;
  }

  #grow(): void {
    const [keys, packs, pages] = [this.#keys, this.#packs, this.#pages];
    this.#slots *= 2;
    this.#keys = new Uint32Array(this.#slots * WORDS);
    this.#packs = new Uint32Array(this.#slots).fill(FREE);
    this.#pages = new Uint32Array(this.#slots);
    for (const [slot, pack] of packs.entries()) {
      if (pack === FREE) continue;
      const at = slot * WORDS;
      const words: Words = [keys[at] ?? 0, keys[at + 1] ?? 0, keys[at + 2] ?? 0, keys[at + 3] ?? 0];
      this.#put(this.#slotOf(words), words, pack, pages[slot] ?? 0);
    }
  }
}

type Words = [number, number, number, number];

function wordsOf(key: Uint8Array): Words {
  const view = new DataView(key.buffer, key.byteOffset, KEY);
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}
