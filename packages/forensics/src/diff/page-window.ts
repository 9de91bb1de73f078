/** Pages images read in big pieces, whatever is asked for page by page: what comes next is mostly right behind. */
import type { ByteSource, ReadOptions } from '@stillframe/core';

/** Bytes read at once: few at first, and more as long as one read goes on where the last ended. */
const SMALLEST = 64 << 10;
const LARGEST = 2 << 20;
/** Sources whose last piece is kept: the dumps of a chain are read in turn. */
const KEPT = 16;

interface Window {
  bytes: Buffer;
  /** Offset of its first byte, and how many are there. */
  start: number;
  length: number;
  /** Bytes that the next read takes. */
  next: number;
}

/** Windows on any number of sources; the longest unused is given up. */
export class PageWindows {
  readonly #windows = new Map<ByteSource, Window>();

  /**
   * The bytes from `offset` on: `wanted` or fewer, one at least; none where the source ends. Valid until the next call for
   * the same source. A promise only where something must be read.
   */
  at(source: ByteSource, offset: number, wanted: number, options: ReadOptions): Buffer | Promise<Buffer> {
    const window = this.#windowOf(source);
    const held = () =>
      window.bytes.subarray(offset - window.start, Math.min(window.length, offset - window.start + wanted));
    if (offset >= window.start && offset < window.start + window.length) return held();
    return this.#read(source, window, offset, wanted, options).then(held);
  }

  #windowOf(source: ByteSource): Window {
    const known = this.#windows.get(source);
    if (known) {
      this.#windows.delete(source);
      this.#windows.set(source, known);
      return known;
    }
    const window = { bytes: Buffer.alloc(0), start: 0, length: 0, next: SMALLEST };
    this.#windows.set(source, window);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > KEPT && oldest) this.#windows.delete(oldest);
    return window;
  }

  async #read(source: ByteSource, window: Window, offset: number, wanted: number, options: ReadOptions): Promise<void> {
    options.signal?.throwIfAborted();
    const end = window.start + window.length;
    const goesOn = offset >= end && offset < end + SMALLEST;
    window.next = goesOn ? Math.min(LARGEST, window.next * 2) : SMALLEST;
    const size = Math.max(0, Math.min(Math.max(window.next, Math.min(wanted, LARGEST)), source.size - offset));
    if (window.bytes.length < size) window.bytes = Buffer.allocUnsafe(size);
    window.start = offset;
    window.length = await source.readInto(offset, window.bytes.subarray(0, size), options);
  }
}
