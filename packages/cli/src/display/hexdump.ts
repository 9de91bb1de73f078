/** Bytes as 16 to a line: address, hexadecimal, characters. Lines that repeat the one before are one `*`, as hexdump(1) has it. */
import { hexAddress } from '@stillframe/core';

const WIDTH = 16;

/** Lines of one dump, fed piece by piece; a piece begins where the one before ended, or behind a `gap`. */
export class Hexdump {
  #held = Buffer.alloc(0);
  #address = 0n;
  #last = '';
  #starred = false;

  /** The lines that are complete once `bytes` at `address` are added. */
  add(address: bigint, bytes: Uint8Array): string {
    if (this.#held.length === 0) this.#address = address;
    const whole = Buffer.concat([this.#held, bytes]);
    let lines = '';
    let at = 0;
    for (; whole.length - at >= this.#room(at); at += this.#room(at)) {
      lines += this.#line(this.#address + BigInt(at), whole.subarray(at, at + this.#room(at)));
    }
    this.#address += BigInt(at);
    this.#held = Buffer.from(whole.subarray(at));
    return lines;
  }

  /** What is left, and a line for what is not there. `note` is harmless text. */
  gap(address: bigint, end: bigint, note: string): string {
    return `${this.end()}${this.#head(address)}${hexAddress(end)}  ${note}\n`;
  }

  /** What is left. */
  end(): string {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    const line = rest.length > 0 ? this.#line(this.#address, rest) : '';
    this.#last = '';
    this.#starred = false;
    return line;
  }

  /** Lines begin at multiples of 16, but for the first. */
  #room(at: number): number {
    return WIDTH - Number((this.#address + BigInt(at)) % BigInt(WIDTH));
  }

  #line(address: bigint, bytes: Buffer): string {
    const lead = Number(address % BigInt(WIDTH));
    const body = bodyOf((i) => (i < lead ? undefined : bytes[i - lead]));
    if (body === this.#last) {
      const star = this.#starred ? '' : '*\n';
      this.#starred = true;
      return star;
    }
    this.#last = body;
    this.#starred = false;
    return `${hexAddress(address).padEnd(18)}  ${body}\n`;
  }

  #head(address: bigint): string {
    return `${hexAddress(address).padEnd(18)}  … `;
  }
}

function bodyOf(byteAt: (index: number) => number | undefined): string {
  let digits = '';
  let characters = '';
  for (let i = 0; i < WIDTH; i += 1) {
    const byte = byteAt(i);
    digits += `${i === WIDTH / 2 ? ' ' : ''}${byte === undefined ? '  ' : byte.toString(16).padStart(2, '0')} `;
    characters += byte === undefined ? ' ' : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
  }
  return `${digits} |${characters}|`;
}
