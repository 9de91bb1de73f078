/** Bytes of a message, read as protobuf has them on the wire: tags, varints, fixed words, lengths. */
import { decodeBytes } from '../byte-true-text.ts';

/** How a value is on the wire: the lowest three bits of a tag. */
export const WireType = { VARINT: 0, BITS64: 1, BYTES: 2, GROUP: 3, GROUP_END: 4, BITS32: 5 } as const;

const scratch = new DataView(new ArrayBuffer(8));

/** Reads from `position` on. Every method throws where the bytes end before, or are none that protobuf can have. */
export class Wire {
  readonly bytes: Uint8Array;
  position = 0;
  /** The halves of the varint that `varint` read. */
  low = 0;
  high = 0;
  #text: Buffer | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Number and wire type of the next field, as one word. */
  tag(): number {
    const first = this.bytes[this.position];
    // Fields up to 15 have a tag of one byte.
    if (first !== undefined && first >= 8 && first < 0x80 && (first & 7) <= WireType.BITS32) {
      this.position += 1;
      return first;
    }
    const begin = this.position;
    const tag = this.uint32();
    if (this.high !== 0 || this.position - begin > 5) throw new Error('illegal tag: varint overflows uint32');
    if (tag >>> 3 === 0 || (tag & 7) > WireType.BITS32) {
      throw new Error(`illegal tag: field no ${tag >>> 3} wire type ${tag & 7}`);
    }
    return tag;
  }

  /** A varint of up to ten bytes, into `low` and `high`. */
  varint(): void {
    const { bytes } = this;
    let at = this.position;
    let byte = bytes[at++] ?? 0;
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift > 63) throw new Error('invalid varint');
      byte = bytes[at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
    }
    if (at > bytes.length) throw new RangeError('premature EOF');
    this.position = at;
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  uint32(): number {
    const byte = this.bytes[this.position];
    if (byte !== undefined && byte < 0x80) {
      this.position += 1;
      this.high = 0;
      return byte;
    }
    this.varint();
    return this.low;
  }

  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  uint64(): bigint {
    this.varint();
    return this.unsigned();
  }

  int64(): bigint {
    this.varint();
    return this.signed();
  }

  /** The varint that `varint` read, from 0 on. */
  unsigned(): bigint {
    return this.high === 0 ? BigInt(this.low) : this.#wide().getBigUint64(0, true);
  }

  /** The varint that `varint` read, as two's complement. */
  signed(): bigint {
    return this.high === 0 ? BigInt(this.low) : this.#wide().getBigInt64(0, true);
  }

  sint64(): bigint {
    this.varint();
    const sign = -(this.low & 1);
    this.low = ((this.low >>> 1) | (this.high << 31)) ^ sign;
    this.high = (this.high >>> 1) ^ sign;
    return this.#wide().getBigInt64(0, true);
  }

  bool(): boolean {
    this.varint();
    return this.low !== 0 || this.high !== 0;
  }

  fixed32(): number {
    const at = this.take(4);
    scratch.setUint32(0, 0);
    for (let index = 0; index < 4; index += 1) scratch.setUint8(index, this.bytes[at + index] ?? 0);
    return scratch.getUint32(0, true);
  }

  fixed64(): bigint {
    const at = this.take(8);
    for (let index = 0; index < 8; index += 1) scratch.setUint8(index, this.bytes[at + index] ?? 0);
    return scratch.getBigUint64(0, true);
  }

  /** A view of bytes that have their length before them. */
  block(): Uint8Array {
    const length = this.uint32();
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Text, losslessly also where it is no UTF-8. */
  string(): string {
    const length = this.uint32();
    const at = this.take(length);
    const { bytes } = this;
    for (let index = at; index < at + length; index += 1) {
      if ((bytes[index] ?? 0) >= 0x80) return decodeBytes(bytes.subarray(at, at + length));
    }
    this.#text ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return this.#text.toString('latin1', at, at + length);
  }

  /** Goes over a value whose tag was read, and returns its bytes. `depth`: how many groups may stand in each other. */
  skip(tag: number, depth: number): Uint8Array {
    const begin = this.position;
    switch (tag & 7) {
      case WireType.VARINT:
        while ((this.bytes[this.position++] ?? 0) >= 0x80);
        break;
      case WireType.BITS64:
        this.position += 8;
        break;
      case WireType.BITS32:
        this.position += 4;
        break;
      case WireType.BYTES:
        this.block();
        break;
      case WireType.GROUP:
        this.#skipGroup(tag >>> 3, depth);
        break;
      default:
        throw new Error(`cant skip wire type ${tag & 7}`);
    }
    if (this.position > this.bytes.length) throw new RangeError('premature EOF');
    return this.bytes.subarray(begin, this.position);
  }

  #skipGroup(number: number, depth: number): void {
    if (depth <= 0) throw new Error('maximum recursion depth reached');
    for (;;) {
      const tag = this.tag();
      if ((tag & 7) === WireType.GROUP_END) {
        if (tag >>> 3 !== number) throw new Error('invalid end group tag');
        return;
      }
      this.skip(tag, depth - 1);
    }
  }

  /** Goes over so many bytes, and says where they begin. */
  /** Goes over so many bytes, and says where they begin. */
  take(length: number): number {
    const at = this.position;
    if (at + length > this.bytes.length) throw new RangeError('premature EOF');
    this.position = at + length;
    return at;
  }

  #wide(): DataView {
    scratch.setUint32(0, this.low, true);
    scratch.setUint32(4, this.high, true);
    return scratch;
  }
}

/** A tag as it is on the wire, in as few bytes as it takes. */
export function tagBytes(number: number, wireType: number): Uint8Array {
  const bytes: number[] = [];
  let left = number * 8 + wireType;
  for (; left > 0x7f; left = Math.floor(left / 0x80)) bytes.push((left & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, left);
}
