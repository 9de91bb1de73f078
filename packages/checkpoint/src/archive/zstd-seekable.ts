/**
 * Random access to a zstd file that was written for it: independent frames, and a table of their sizes in a skippable
 * frame at the end (zstd's contrib/seekable_format, version 0.1.0).
 */
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { type ByteSource, demandOffset, messageOf, type ReadOptions, readExactly, viewOf } from '@stillframe/core';
import { countUpTo } from '@stillframe/core/sorted';
import { checkpointError } from '../errors.ts';
import { frameLength } from './zstd-frame.ts';

/** Magic of the skippable frame that zstd uses for the table. */
export const SKIPPABLE = 0x184d2a5e;
/** Magic at the very end of a seekable file. */
export const SEEKABLE = 0x8f92eab1;
/** Number of frames, descriptor, magic. */
const FOOTER = 9;
/** Magic and size of a skippable frame. */
const HEADER = 8;
/** Frames that a table may have: 1 TiB of 1 MiB each. */
export const FRAMES = 1 << 20;
/** Bytes that a frame may hold: one is decompressed whole for every read into it. */
export const FRAME_BYTES = 32 << 20;
/** Bytes of decompressed frames that are kept. */
const KEPT_BYTES = 32 << 20;

/** Where each frame begins, in the file and in its content; one more at the end says where the last one ends. */
export interface SeekTable {
  readonly packed: Float64Array;
  readonly plain: Float64Array;
}

/**
 * The table at the end of a zstd file; undefined where there is none that can be believed: it must account for every byte
 * of the file, and for frames that fit into memory. Whoever gets none decompresses the file.
 */
export async function readSeekTable(source: ByteSource, options: ReadOptions = {}): Promise<SeekTable | undefined> {
  if (source.size < HEADER + FOOTER) return undefined;
  const footer = viewOf(await readExactly(source, source.size - FOOTER, FOOTER, { ...options, limit: FOOTER }));
  const descriptor = footer.getUint8(4);
  if (footer.getUint32(5, true) !== SEEKABLE || (descriptor & 0x7c) !== 0) return undefined;
  const count = footer.getUint32(0, true);
  const width = (descriptor & 0x80) === 0 ? 8 : 12;
  const size = HEADER + count * width + FOOTER;
  if (count === 0 || count > FRAMES || size > source.size) return undefined;
  const table = viewOf(await readExactly(source, source.size - size, size, { ...options, limit: size }));
  if (table.getUint32(0, true) !== SKIPPABLE || table.getUint32(4, true) !== size - HEADER) return undefined;
  return entriesOf(table, count, width, source.size - size);
}

function entriesOf(table: DataView, count: number, width: number, end: number): SeekTable | undefined {
  const packed = new Float64Array(count + 1);
  const plain = new Float64Array(count + 1);
  for (let frame = 0; frame < count; frame += 1) {
    const at = HEADER + frame * width;
    const [from, to] = [table.getUint32(at, true), table.getUint32(at + 4, true)];
    // Nothing would ever be read of a frame without content, so nobody would see that it has some.
    if (to === 0 && count > 1) return undefined;
    // What zstd makes of bytes that it cannot compress is hardly longer than they are.
    if (to > FRAME_BYTES || from > to + (to >> 8) + 1024) return undefined;
    packed[frame + 1] = (packed[frame] ?? 0) + from;
    plain[frame + 1] = (plain[frame] ?? 0) + to;
  }
  return packed[count] === end ? { packed, plain } : undefined;
}

/** The content of the file, frame by frame as it is asked for. Reads throw ERR_ARCHIVE_DAMAGED. */
export function seekableSource(source: ByteSource, table: SeekTable): ByteSource {
  const size = table.plain.at(-1) ?? 0;
  const frames = new Frames(source, table);
  return {
    size,
    async readInto(offset, target, options) {
      demandOffset(offset);
      const wanted = Math.min(target.length, Math.max(0, size - offset));
      for (let done = 0; done < wanted; ) {
        options?.signal?.throwIfAborted();
        const frame = lastAtOrBefore(table.plain, offset + done);
        const start = offset + done - (table.plain[frame] ?? 0);
        const part = (await frames.at(frame)).subarray(start, start + wanted - done);
        target.set(part, done);
        done += part.length;
      }
      return wanted;
    },
  };
}

const decompress = promisify(zstdDecompress);

/** Decompressed frames, those used last kept. Concurrent reads of one share its work. */
class Frames {
  readonly #source: ByteSource;
  readonly #table: SeekTable;
  readonly #kept = new Map<number, Promise<Uint8Array>>();
  #keptBytes = 0;

  constructor(source: ByteSource, table: SeekTable) {
    this.#source = source;
    this.#table = table;
  }

  at(frame: number): Promise<Uint8Array> {
    const known = this.#kept.get(frame);
    if (known) {
      // Taken out and put in again, so that the order of the map is that of use.
      this.#kept.delete(frame);
      this.#kept.set(frame, known);
      return known;
    }
    const opening = this.#decode(frame);
    this.#kept.set(frame, opening);
    this.#keptBytes += this.#plainSize(frame);
    opening.catch(() => this.#forget(frame));
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= KEPT_BYTES || oldest === frame) break;
      this.#forget(oldest);
    }
    return opening;
  }

  #forget(frame: number): void {
    if (this.#kept.delete(frame)) this.#keptBytes -= this.#plainSize(frame);
  }

  #plainSize(frame: number): number {
    return (this.#table.plain[frame + 1] ?? 0) - (this.#table.plain[frame] ?? 0);
  }

  async #decode(frame: number): Promise<Uint8Array> {
    const from = this.#table.packed[frame] ?? 0;
    const length = (this.#table.packed[frame + 1] ?? 0) - from;
    // Without the reader's signal: another reader may wait for the same frame.
    const packed = await readExactly(this.#source, from, length, { limit: length });
    const size = this.#plainSize(frame);
    // The decoder ends with a frame: what follows within the entry would be content to whoever decompresses the file whole.
    if (frameLength(packed) !== length) throw damaged(frame, 'its table does not end where it does', undefined);
    try {
      const plain = await decompress(packed, { maxOutputLength: Math.max(1, size) });
      if (plain.length === size) return plain;
    } catch (cause) {
      throw damaged(frame, messageOf(cause), cause);
    }
    throw damaged(frame, 'it holds fewer bytes than its table says', undefined);
  }
}

function damaged(frame: number, why: string, cause: unknown) {
  return checkpointError('ERR_ARCHIVE_DAMAGED', `frame ${frame} does not decompress: ${why}`, { cause });
}

/** Index of the frame that has the byte at `offset`; empty frames have none. */
function lastAtOrBefore(starts: Float64Array, offset: number): number {
  return countUpTo(starts.subarray(0, -1), (start) => start <= offset) - 1;
}
