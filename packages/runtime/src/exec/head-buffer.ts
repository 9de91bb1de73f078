/** Keeps the first bytes of a stream and reads the rest away, so that its writer is never held up. */
import type { Readable } from 'node:stream';

export class HeadBuffer {
  /** Settles when the stream has ended or failed. */
  readonly ended: Promise<void>;
  readonly #chunks: Uint8Array[] = [];
  #room: number;

  /** `limit`: bytes kept. */
  constructor(stream: Readable, limit: number) {
    this.#room = limit;
    stream.on('data', (chunk: Uint8Array) => {
      if (this.#room <= 0) return;
      this.#chunks.push(chunk.subarray(0, this.#room));
      this.#room -= chunk.byteLength;
    });
    this.ended = new Promise((resolve) => {
      stream.once('close', () => resolve());
      stream.once('end', () => resolve());
      stream.on('error', () => resolve());
    });
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}
