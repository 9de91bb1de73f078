/** The frames of a CRIU image: u32 length, message, perhaps a payload; over and over to the end. checkpoint-spec 7.1. */
import { type ByteSource, limits, sliceSource } from '@stillframe/core';

/** Why reading stopped before the end. The ids are those of the diagnostics. */
export interface Fault {
  id: 'image-truncated' | 'image-message-too-long' | 'image-too-many-entries' | 'image-payload-truncated';
  /** Where in the image. */
  offset: number;
  message: string;
}

/** One message, not decoded yet. */
export interface Frame {
  /** Where its length stands. */
  offset: number;
  /** A view that stays valid: no buffer is used twice. */
  bytes: Uint8Array;
}

export interface FrameReaderOptions {
  signal?: AbortSignal | undefined;
  /** Bytes read at once, 256 KiB by default; a smaller image is read in one go. */
  windowSize?: number;
  /** Bytes that a message may have, limits.criuMessage by default. */
  messageLimit?: number;
}

const EMPTY = new Uint8Array(0);

/**
 * Empty messages in a row that are still believed. One is legal, a file of zeros is none: every four bytes of it would be
 * an entry, and a small compressed archive would become millions of rows.
 */
const EMPTIES = 1000;

/**
 * Walks the frames of one image. Every length is held against the size of the image and a limit before anything is
 * allocated. Whatever is wrong ends the walk and stands in `fault`; only the source's own errors and an abort throw.
 */
export class FrameReader {
  readonly #source: ByteSource;
  readonly #signal: AbortSignal | undefined;
  readonly #windowSize: number;
  readonly #messageLimit: number;
  #window: Uint8Array = EMPTY;
  /** Offset in the image of the first byte of the window. */
  #windowStart = 0;
  #position = 0;
  #frames = 0;
  /** Empty messages since the last that was not. */
  #empties = 0;
  /** Set once reading cannot go on. */
  fault: Fault | undefined;

  constructor(source: ByteSource, options: FrameReaderOptions = {}) {
    this.#source = source;
    this.#signal = options.signal;
    this.#windowSize = Math.max(16, options.windowSize ?? 1 << 18);
    this.#messageLimit = options.messageLimit ?? limits.criuMessage;
  }

  /** Offset of what is read next. */
  get position(): number {
    return this.#position;
  }

  /** Bytes from `position` to the end of the image. */
  get remaining(): number {
    return this.#source.size - this.#position;
  }

  /** A little-endian u32, as the magics are; undefined (and a fault) where the image ends before. */
  async word(): Promise<number | undefined> {
    const bytes = await this.#take(4);
    return bytes && wordAt(bytes, 0);
  }

  /** The next frame if it lies whole in what is read already. Undefined says nothing but that `next` must be asked. */
  buffered(): Frame | undefined {
    const at = this.#position - this.#windowStart;
    if (this.fault !== undefined || at + 4 > this.#window.length) return undefined;
    const length = wordAt(this.#window, at);
    const end = at + 4 + length;
    if (end > this.#window.length || this.#refusal(length)) return undefined;
    const frame = { offset: this.#position, bytes: this.#window.subarray(at + 4, end) };
    this.#position += 4 + length;
    this.#count(length);
    return frame;
  }

  /** The next frame; undefined at the end of the image and at a fault. */
  async next(): Promise<Frame | undefined> {
    if (this.fault !== undefined || this.remaining === 0) return undefined;
    const offset = this.#position;
    const length = await this.word();
    if (length === undefined) return undefined;
    const refusal = length <= this.remaining ? this.#refusal(length) : undefined;
    if (refusal) return this.#fail(refusal.id, offset, refusal.message);
    const bytes = await this.#take(length);
    if (bytes === undefined) return undefined;
    this.#count(length);
    return { offset, bytes };
  }

  /** Why a message of this length is not read: held against every limit before anything is allocated for it. */
  #refusal(length: number): Omit<Fault, 'offset'> | undefined {
    if (this.#frames >= limits.criuEntries)
      return { id: 'image-too-many-entries', message: `more than ${limits.criuEntries} messages` };
    if (length > this.#messageLimit)
      return { id: 'image-message-too-long', message: `a message of ${length} bytes is over the limit` };
    if (length === 0 && this.#empties >= EMPTIES)
      return { id: 'image-too-many-entries', message: `more than ${EMPTIES} empty messages in a row` };
    return undefined;
  }

  #count(length: number): void {
    this.#frames += 1;
    this.#empties = length === 0 ? this.#empties + 1 : 0;
  }

  /**
   * Steps over `bytes` of payload and gives them unread. Where the image ends before, the result has what there is and
   * `fault` is set.
   */
  payload(bytes: number | bigint): ByteSource {
    const offset = this.#position;
    const left = this.remaining;
    const size = BigInt(bytes) > BigInt(left) ? left : Number(bytes);
    if (BigInt(bytes) > BigInt(left)) {
      this.#fail('image-payload-truncated', offset, `${bytes} bytes should follow, ${left} are there`);
    }
    this.#position += size;
    return sliceSource(this.#source, offset, size);
  }

  /** Exactly `length` bytes from `position` on; undefined and a fault where the image ends before. */
  async #take(length: number): Promise<Uint8Array | undefined> {
    const offset = this.#position;
    if (length > this.remaining) {
      return this.#fail('image-truncated', offset, `${length} bytes should follow, ${this.remaining} are there`);
    }
    const end = offset + length;
    if (offset < this.#windowStart || end > this.#windowStart + this.#window.length) {
      if (!(await this.#fill(Math.max(length, this.#windowSize)))) {
        return this.#fail(
          'image-truncated',
          offset,
          `the image ends although it should have ${this.#source.size} bytes`,
        );
      }
    }
    this.#position = end;
    return this.#window.subarray(offset - this.#windowStart, end - this.#windowStart);
  }

  async #fill(length: number): Promise<boolean> {
    const window = new Uint8Array(Math.min(length, this.remaining));
    const read = await this.#source.readInto(this.#position, window, { signal: this.#signal });
    this.#window = window;
    this.#windowStart = this.#position;
    return read === window.length;
  }

  #fail(id: Fault['id'], offset: number, message: string): undefined {
    this.fault ??= { id, offset, message };
    return undefined;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return (low | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}
