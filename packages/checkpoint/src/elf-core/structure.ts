/** A C structure of known size, filled front to back in little-endian order. What is skipped stays zero. */
export class Structure {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  u8(value: number): this {
    this.#view.setUint8(this.#at, value);
    return this.skip(1);
  }

  u16(value: number): this {
    this.#view.setUint16(this.#at, value, true);
    return this.skip(2);
  }

  u32(value: number): this {
    this.#view.setUint32(this.#at, value, true);
    return this.skip(4);
  }

  /** Takes the value modulo 2^64, so negative ones too. */
  u64(value: bigint | number): this {
    this.#view.setBigUint64(this.#at, BigInt(value), true);
    return this.skip(8);
  }

  /** At most `count` words; those that are missing stay zero. */
  words32(values: readonly number[], count: number): this {
    const end = this.#at + 4 * count;
    for (const value of values.slice(0, count)) this.u32(value);
    return this.seek(end);
  }

  /** At most `count` words; those that are missing stay zero. */
  words64(values: readonly bigint[], count: number): this {
    const end = this.#at + 8 * count;
    for (const value of values.slice(0, count)) this.u64(value);
    return this.seek(end);
  }

  /** At most `room` bytes; what is missing stays zero. */
  raw(bytes: Uint8Array, room: number = bytes.length): this {
    this.bytes.set(bytes.subarray(0, room), this.#at);
    return this.skip(room);
  }

  skip(count: number): this {
    return this.seek(this.#at + count);
  }

  seek(offset: number): this {
    this.#at = offset;
    return this;
  }
}
