/** A sparse file in a tar of GNU's own form (type S): a map of what is stored, then that. GNU tar manual, "Old GNU Format". */
import { type ByteSource, readExactly } from '@stillframe/core';
import type { SignalOptions } from '@stillframe/criu-image';
import type { ArchiveEntry } from '../archive/tar-entry.ts';
import { BLOCK, decodeNumber } from '../archive/tar-header.ts';
import { type Content, type Piece, sourcePieces } from './content.ts';

/** Places in the header block: four places of the map, whether more follow, and the size with holes. */
const MAP = 386;
const IN_HEADER = 4;
const MORE = 482;
const SIZE = 483;
/** Places of the map in each further block. */
const IN_BLOCK = 21;
const MORE_IN_BLOCK = 504;
const NUMBER = 12;

/** The file with its holes; undefined where the entry is sparse in another form, or its header cannot be read. */
export async function sparseContent(
  tar: ByteSource,
  entry: ArchiveEntry,
  options: SignalOptions = {},
): Promise<Content | undefined> {
  const header = await block(tar, entry.headerOffset, options);
  if (String.fromCharCode(header[156] ?? 0) !== 'S') return undefined;
  const size = decodeNumber(header.subarray(SIZE, SIZE + NUMBER));
  if (size === undefined || size < 0n) return undefined;
  return { size, pieces: (reading = {}) => sparsePieces(tar, entry, size, reading) };
}

async function* sparsePieces(
  tar: ByteSource,
  entry: ArchiveEntry,
  size: bigint,
  options: SignalOptions,
): AsyncGenerator<Piece> {
  let end = 0n;
  let stored = 0;
  for await (const { offset, length } of sparseMap(tar, entry.headerOffset, options)) {
    // What does not lie behind the part before it, within the file and within what is stored, no tar writes.
    if (offset < end || offset + length > size || length > BigInt(entry.size - stored)) {
      yield { state: 'absent', offset: Number(end), length: Number(size - end), reason: 'damaged' };
      return;
    }
    yield* sourcePieces(tar, entry.offset + stored, Number(length), Number(offset), options);
    stored += Number(length);
    end = offset + length;
  }
}

async function* sparseMap(tar: ByteSource, headerOffset: number, options: SignalOptions) {
  let at = headerOffset;
  let bytes = await block(tar, at, options);
  let places = { from: MAP, count: IN_HEADER, more: MORE };
  for (;;) {
    for (let index = 0; index < places.count; index += 1) {
      const from = places.from + index * 2 * NUMBER;
      const offset = decodeNumber(bytes.subarray(from, from + NUMBER));
      const length = decodeNumber(bytes.subarray(from + NUMBER, from + 2 * NUMBER));
      if (offset !== undefined && length !== undefined && offset >= 0n && length > 0n) yield { offset, length };
    }
    if (bytes[places.more] === 0) return;
    at += BLOCK;
    bytes = await block(tar, at, options);
    places = { from: 0, count: IN_BLOCK, more: MORE_IN_BLOCK };
  }
}

function block(tar: ByteSource, offset: number, options: SignalOptions): Promise<Uint8Array> {
  return readExactly(tar, offset, BLOCK, { signal: options.signal, limit: BLOCK });
}
