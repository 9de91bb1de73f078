/** A content onto a disk and through a hash: what it has is written, what it has not stays a hole. */

import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { Sha256 } from '@stillframe/core';
import { writeAll } from '@stillframe/core/file';
import type { AbsentReason, SignalOptions } from '@stillframe/criu-image';
import type { Content } from './content.ts';

/** What was written of a content. */
export interface WrittenContent {
  readonly bytes: number;
  /** Of the whole file, as `sha256sum` gives it: 64 hexadecimal digits. */
  readonly sha256: string;
  /** Bytes that are zero for sure; runs of them take no room. */
  readonly holeBytes: number;
  /** The first thousand stretches that the evidence does not hold. They read as zeroes. */
  readonly absent: readonly { readonly offset: number; readonly bytes: number; readonly reason: AbsentReason }[];
  readonly absentBytes: number;
}

/** Options of writeContent. */
export interface WriteOptions extends SignalOptions {
  /** Called with the bytes of content that were dealt with since the call before. */
  onBytes?: ((bytes: number) => void) | undefined;
}

const TOLD = 1000;
/** Mebibytes hashed at a stretch: some tens of milliseconds. */
const BREATH = 32;
const ZEROES = new Uint8Array(1 << 20);

/** Writes to an empty file. Throws RangeError for a content whose pieces go back or leave its size. */
export async function writeContent(file: FileHandle, content: Content, options: WriteOptions): Promise<WrittenContent> {
  const size = Number(content.size);
  const hash = new Sha256();
  const writer = new GatheringWriter(file);
  const absent: { offset: number; bytes: number; reason: AbsentReason }[] = [];
  let [absentBytes, dataBytes] = [0, 0];
  for await (const piece of content.pieces(options)) {
    const length = piece.state === 'data' ? piece.bytes.length : piece.length;
    if (piece.offset < hash.size || piece.offset + length > size) throw new RangeError('pieces overlap or lie outside');
    await hashZeroes(hash, piece.offset, options);
    if (piece.state === 'data') {
      await writer.write(piece.bytes, piece.offset);
      hash.update(piece.bytes);
      dataBytes += length;
      options.onBytes?.(length);
    } else {
      const last = absent.at(-1);
      if (last?.reason === piece.reason && last.offset + last.bytes === piece.offset) last.bytes += length;
      else if (absent.length < TOLD) absent.push({ offset: piece.offset, bytes: length, reason: piece.reason });
      absentBytes += length;
      await hashZeroes(hash, piece.offset + length, options);
    }
  }
  await hashZeroes(hash, size, options);
  await writer.flush();
  await file.truncate(size);
  const sha256 = hash.digest().slice('sha256:'.length);
  return { bytes: size, sha256, holeBytes: size - dataBytes - absentBytes, absent, absentBytes };
}

/** Up to `end`. Terabytes of nothing must not keep the signal of an interrupt from being heard. */
async function hashZeroes(hash: Sha256, end: number, { signal, onBytes }: WriteOptions): Promise<void> {
  for (let round = 1; hash.size < end; round += 1) {
    if (round % BREATH === 0) await setImmediate(undefined, { signal });
    const length = Math.min(ZEROES.length, end - hash.size);
    hash.update(ZEROES.subarray(0, length));
    onBytes?.(length);
  }
}

/** A gap below this is written as zeroes: no filesystem keeps it as a hole. */
const BLOCK = 4096;
/** Bytes gathered, for a file may be made of a million small pieces; larger pieces are written as they are. */
const GATHERED = 256 << 10;

/** Puts small pieces together before they are written. */
class GatheringWriter {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.alloc(GATHERED);
  #start = 0;
  #length = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    const end = this.#start + this.#length;
    const at = offset - this.#start;
    if (this.#length > 0 && (offset - end >= BLOCK || at + bytes.length > GATHERED)) await this.flush();
    if (bytes.length > GATHERED) return writeAll(this.#file, bytes, offset);
    if (this.#length === 0) this.#start = offset;
    const place = offset - this.#start;
    this.#buffer.fill(0, this.#length, place);
    this.#buffer.set(bytes, place);
    this.#length = place + bytes.length;
  }

  async flush(): Promise<void> {
    await writeAll(this.#file, this.#buffer.subarray(0, this.#length), this.#start);
    this.#length = 0;
  }
}
