/** Keeps the last bytes of a stream, whatever its length: what a program says about its failure stands at the end. */
export class TailBuffer {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** `limit`: bytes kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.byteLength;
    // Cut only at twice the limit, so that many small chunks cost one copy each and not one each time.
    if (this.#length > 2 * this.#limit) this.#shorten();
  }

  /** What was kept, as UTF-8; a character split by the cut becomes U+FFFD. */
  text(): string {
    this.#shorten();
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  #shorten(): void {
    if (this.#length <= this.#limit) return;
    const kept = Buffer.concat(this.#chunks).subarray(this.#length - this.#limit);
    // Copied, or a small tail would keep the whole buffer alive.
    this.#chunks = [Uint8Array.from(kept)];
    this.#length = kept.byteLength;
  }
}
