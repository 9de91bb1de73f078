/** Cutting a stream of bytes into frames: a header of fixed size with the length of what follows in it. */
import { nriError } from './errors.ts';

export interface Frame {
  header: Buffer;
  data: Buffer;
}

export interface FrameFormat {
  /** For errors. */
  name: string;
  /** Bytes of the header. */
  header: number;
  /** Where in the header the length stands: 32 bits, big-endian. */
  lengthAt: number;
  /** Bytes that may follow a header. */
  limit: number;
}

/** Takes bytes as they come. What it keeps is never more than one frame, and a length is judged before anything is kept. */
export class FrameCutter {
  readonly #format: FrameFormat;
  #chunks: Buffer[] = [];
  #size = 0;
  #header: Buffer | undefined;

  constructor(format: FrameFormat) {
    this.#format = format;
  }

  /** The frames that are whole with `bytes`. Throws ERR_NRI_PROTOCOL for a length above the limit. */
  *cut(bytes: Buffer): Generator<Frame> {
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    for (;;) {
      this.#header ??= this.#take(this.#format.header);
      if (!this.#header) return;
      const { name, lengthAt, limit } = this.#format;
      const length = this.#header.readUInt32BE(lengthAt);
      if (length > limit)
        throw nriError('ERR_NRI_PROTOCOL', `a ${name} of ${length} bytes; at most ${limit} are allowed`);
      const data = this.#take(length);
      if (!data) return;
      const header = this.#header;
      this.#header = undefined;
      yield { header, data };
    }
  }

  #take(length: number): Buffer | undefined {
    if (this.#size < length) return undefined;
    const all = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
    this.#size -= length;
    this.#chunks = this.#size > 0 ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }
}
