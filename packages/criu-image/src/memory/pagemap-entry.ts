/**
 * One pagemap_entry to plain numbers, in both encodings of the number of pages. checkpoint-spec 7.4.
 * What CRIU writes is read by hand, without making an object or a bigint; anything else by the general decoder.
 */
import { readMessage } from '../wire/read-message.ts';

/** Bits of an entry. A page may be PRESENT and LAZY at once: then it is in the file all the same. */
export const PageFlag = { PARENT: 1, LAZY: 2, PRESENT: 4 } as const;

/** Bytes of the unit addresses are counted in. Not the page size. */
export const UNIT = 4096;

/** A decoded entry; one object serves for all of an image. */
export interface EntryFields {
  /** -1 where the address is no multiple of UNIT. */
  unit: number;
  pages: number;
  flags: number;
}

/** Decodes an entry into `fields`. Throws what the protobuf decoder throws for bytes that are no pagemap_entry. */
export function decodePagemapEntry(bytes: Uint8Array, fields: EntryFields): void {
  if (scanEntry(bytes, fields)) return;
  const entry = readMessage('pagemap_entry', bytes);
  const { vaddr } = entry;
  fields.unit = vaddr % BigInt(UNIT) === 0n ? Number(vaddr / BigInt(UNIT)) : -1;
  fields.pages = Object.hasOwn(entry, 'nrPages') ? Number(entry.nrPages) : entry.compatNrPages;
  fields.flags = entryFlags(entry.inParent, Object.hasOwn(entry, 'flags') ? entry.flags : undefined);
}

/** What the flags of an entry mean, with those of old images that had in_parent or none at all. */
function entryFlags(inParent: boolean, flags: number | undefined): number {
  if (inParent) return ((flags ?? 0) | PageFlag.PARENT) & 7;
  return (flags ?? PageFlag.PRESENT) & 7;
}

/** Where scanning stands, and the two halves of the varint read last. */
interface Cursor {
  at: number;
  low: number;
  high: number;
}

const cursor: Cursor = { at: 0, low: 0, high: 0 };

/**
 * Decodes a pagemap_entry of the plain form: varint fields 1 to 5 with one-byte tags and values of at most nine bytes.
 * False, with `fields` in an undefined state, for anything else, sound or not: the general decoder then decides.
 */
function scanEntry(bytes: Uint8Array, fields: EntryFields): boolean {
  let unit = 0;
  let compatPages = 0;
  let pages: number | undefined;
  let flags: number | undefined;
  let inParent = false;
  cursor.at = 0;
  while (cursor.at < bytes.length) {
    const tag = bytes[cursor.at] ?? 0;
    cursor.at += 1;
    if (!readVarint(bytes)) return false;
    const { low, high } = cursor;
    switch (tag) {
      case 0x08:
        unit = (low & 0xfff) === 0 ? high * 0x100000 + (low >>> 12) : -1;
        break;
      case 0x10:
        compatPages = low;
        break;
      case 0x18:
        inParent = low !== 0 || high !== 0;
        break;
      case 0x20:
        flags = low;
        break;
      case 0x28:
        // Above 2^53 the sum is inexact, but then it is refused anyway.
        pages = high * 0x100000000 + low;
        break;
      default:
        return false;
    }
  }
  fields.unit = unit;
  fields.pages = pages ?? compatPages;
  fields.flags = entryFlags(inParent, flags);
  return true;
}

/** Reads a varint of at most nine bytes (63 bits) into the cursor. */
function readVarint(bytes: Uint8Array): boolean {
  let low = 0;
  let high = 0;
  for (let count = 0; count < 9; count += 1) {
    const byte = bytes[cursor.at];
    if (byte === undefined) return false;
    cursor.at += 1;
    const bits = byte & 0x7f;
    if (count < 4) low |= bits << (count * 7);
    else if (count === 4) {
      low |= bits << 28;
      high = bits >>> 4;
    } else high |= bits << (count * 7 - 32);
    if (byte < 0x80) {
      cursor.low = low >>> 0;
      cursor.high = high >>> 0;
      return true;
    }
  }
  return false;
}
