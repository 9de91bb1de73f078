/**
 * Writes zstd files that can be read at random: independent frames (RFC 8878), and a table of their sizes in a skippable
 * frame at the end (zstd's contrib/seekable_format, version 0.1.0). Every zstd decoder skips the table.
 */
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, type ZstdOptions, zstdCompress } from 'node:zlib';
import { FRAME_BYTES, FRAMES, SEEKABLE, SKIPPABLE } from './zstd-seekable.ts';

/** Levels that fit frames of this size; zstd has others, which gain nothing here. */
export const ZSTD_LEVELS = { lowest: 1, default: 3, highest: 19 } as const;

/**
 * Bytes of content in a frame. Whoever reads one page fetches and decompresses one frame; frames twice as long
 * made the archive of a redis 1.5 % smaller.
 */
const FRAME = 1 << 20;
/** Threads that libuv compresses with, unless it was told of more. */
const THREADS = 4;
/** A table entry: packed size, plain size, checksum. */
const ENTRY = 12;
/** Descriptor of a table that has checksums. */
const CHECKSUMS = 0x80;

/** Options of compressSeekable. */
export interface SeekableOptions {
  /** Within ZSTD_LEVELS; 3 by default. */
  level?: number | undefined;
  /** Bytes of content in a frame; see frameSizeOf. */
  frameSize?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Bytes of content in a frame for content of `size` bytes: 1 MiB, or more where a table would have too many frames. */
export function frameSizeOf(size: number): number {
  let frame = FRAME;
  while (size / frame > FRAMES && frame < FRAME_BYTES) frame *= 2;
  return frame;
}

/**
 * The file for the content `plain`, in order. A few frames are compressed at once and that many held; the bytes depend on
 * content, level and frame size alone, not on how `plain` is cut. Chunks of `plain` must stay as they are. Throws what `plain` throws.
 */
export async function* compressSeekable(
  plain: AsyncIterable<Uint8Array>,
  options: SeekableOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { level = ZSTD_LEVELS.default, frameSize = FRAME, signal } = options;
  const most = Math.min(THREADS, availableParallelism()) + 1;
  const table = new TableWriter();
  const working: Promise<Frame>[] = [];
  try {
    for await (const content of cut(plain, frameSize)) {
      signal?.throwIfAborted();
      const frame = compressFrame(content, level);
      // Awaited in its turn; until then nobody else looks at it.
      frame.catch(() => undefined);
      working.push(frame);
      if (working.length >= most) yield* table.add(await working.shift());
    }
    while (working.length > 0) yield* table.add(await working.shift());
    yield table.bytes();
  } finally {
    await Promise.allSettled(working);
  }
}

interface Frame {
  packed: Uint8Array;
  plainSize: number;
}

const compress = promisify(zstdCompress);

async function compressFrame(content: Uint8Array, level: number): Promise<Frame> {
  const options: ZstdOptions = {
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    pledgedSrcSize: content.length,
    // Room for all of it: with the default of 16 KiB each frame goes to and fro between threads dozens of times.
    chunkSize: content.length + (content.length >> 8) + 1024,
  };
  return { packed: await compress(content, options), plainSize: content.length };
}

/** The same bytes in pieces of `size`, the last shorter; one empty piece where there are none: a file has a frame. */
async function* cut(chunks: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  let piece = new Uint8Array(size);
  let filled = 0;
  let any = false;
  for await (const chunk of chunks) {
    if (filled === 0 && chunk.length === size) {
      yield chunk;
      any = true;
      continue;
    }
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + size - filled);
      at += part.length;
      piece.set(part, filled);
      filled += part.length;
      if (filled < size) continue;
      yield piece;
      any = true;
      // A new one: the last is still being compressed.
      piece = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0 || !any) yield piece.subarray(0, filled);
}

/** Collects what the seek table says of each frame; twelve bytes a frame. */
class TableWriter {
  #bytes = Buffer.alloc(ENTRY * 1024);
  #frames = 0;

  *add(frame: Frame | undefined): Generator<Uint8Array, void, undefined> {
    if (!frame) return;
    const { packed, plainSize } = frame;
    if ((this.#frames + 1) * ENTRY > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    }
    const at = this.#frames * ENTRY;
    this.#bytes.writeUInt32LE(packed.length, at);
    this.#bytes.writeUInt32LE(plainSize, at + 4);
    // Both formats take the low half of XXH64 over the content, and a frame ends with its own.
    this.#bytes.set(packed.subarray(-4), at + 8);
    this.#frames += 1;
    yield packed;
  }

  /** The skippable frame: header, entries, footer. */
  bytes(): Uint8Array {
    const entries = this.#bytes.subarray(0, this.#frames * ENTRY);
    const header = Buffer.alloc(8);
    const footer = Buffer.alloc(9);
    header.writeUInt32LE(SKIPPABLE, 0);
    header.writeUInt32LE(entries.length + footer.length, 4);
    footer.writeUInt32LE(this.#frames, 0);
    footer.writeUInt8(CHECKSUMS, 4);
    footer.writeUInt32LE(SEEKABLE, 5);
    return Buffer.concat([header, entries, footer]);
  }
}
