/** Text of ASCII alone, put together byte by byte: JSON of a large dump is a million small pieces, of which each would be a string. */

const NINE = 1_000_000_000;

export class AsciiText {
  #bytes: Buffer;
  /** Characters so far; may be set back, which takes away what came after. */
  length = 0;

  /** `room`: characters that there is room for at first. */
  constructor(room: number) {
    this.#bytes = Buffer.allocUnsafe(room);
  }

  /** The bytes of these texts are those of ASCII. */
  bytes(source: Uint8Array, from = 0, end = source.length): void {
    this.#reserve(end - from);
    const target = this.#bytes;
    let at = this.length;
    for (let index = from; index < end; index += 1) target[at++] = source[index] ?? 0;
    this.length = at;
  }

  text(text: string): void {
    this.#reserve(text.length);
    this.length += this.#bytes.write(text, this.length, 'latin1');
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** A whole number from 0 to 2^53, in base 10. */
  integer(value: number): void {
    this.#reserve(20);
    if (value < NINE) this.#digits(value, digitsOf(value));
    else {
      const above = Math.floor(value / NINE);
      this.#digits(above, digitsOf(above));
      this.#digits(value - above * NINE, 9);
    }
  }

  /** What was put together, from the beginning; then it is empty. */
  take(): string {
    const text = this.#bytes.toString('latin1', 0, this.length);
    this.length = 0;
    return text;
  }

  #digits(value: number, count: number): void {
    const target = this.#bytes;
    let left = value;
    for (let at = this.length + count - 1; at >= this.length; at -= 1) {
      const next = (left / 10) | 0;
      target[at] = 0x30 + left - next * 10;
      left = next;
    }
    this.length += count;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.length + more));
    this.#bytes.copy(wider, 0, 0, this.length);
    this.#bytes = wider;
  }
}

function digitsOf(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count += 1;
  return count;
}
