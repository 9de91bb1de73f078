/** An age file as the bytes that were sealed: any range is read and proven without the rest. */
import { type ByteSource, demandOffset, type ReadOptions, readExactly } from '@stillframe/core';
import { ageError } from './errors.ts';
import { type AgeOptions, fileKeyOf, readHeader } from './header.ts';
import type { Identity } from './keys.ts';
import { CHUNK, decryptChunk, NONCE, payloadKey, TAG } from './payload.ts';

/** Bytes of an encrypted chunk but the last. */
const STORED = CHUNK + TAG;
/** Chunks that are read at once where many are wanted. */
const BATCH = 16;
/** Chunks kept: CRIU's many small images lie near one another. */
const KEPT = 16;

/** Where the chunks lie. */
interface Chunks {
  readonly label: string;
  readonly source: ByteSource;
  readonly key: Uint8Array;
  /** Of the first. */
  readonly offset: number;
  readonly count: number;
}

/**
 * Opens `source`, which must outlive the answer. That nothing is missing at its end is seen here: the last chunk says that
 * it is. Throws what readHeader and fileKeyOf throw, ERR_AGE_TRUNCATED, ERR_AGE_DAMAGED; reading throws ERR_AGE_DAMAGED for
 * a chunk that is not what was sealed.
 */
export async function openAge(
  source: ByteSource,
  identities: readonly Identity[],
  options: AgeOptions = {},
): Promise<ByteSource> {
  const header = await readHeader(source, options);
  const fileKey = await fileKeyOf(header, identities);
  const offset = header.bytes.length + NONCE;
  const stored = source.size - offset;
  const count = Math.max(1, Math.ceil(stored / STORED));
  const rest = stored - (count - 1) * STORED;
  // An empty chunk is the last one of an empty file alone.
  if (rest < TAG || (rest === TAG && count > 1)) throw cut(header.label);
  const nonce = await readExactly(source, header.bytes.length, NONCE, { ...options, limit: NONCE });
  const { label } = header;
  const chunks: Chunks = { label, source, key: payloadKey(fileKey, nonce), offset, count };
  const last = await storedChunks(chunks, count - 1, 1, options);
  if (!decryptChunk(chunks.key, { number: count - 1, last: true }, last)) {
    throw decryptChunk(chunks.key, { number: count - 1, last: false }, last)
      ? cut(label)
      : damaged(label, count - 1, true);
  }
  return { size: stored - count * TAG, readInto: reader(chunks) };
}

function reader(chunks: Chunks): ByteSource['readInto'] {
  const kept = new Map<number, Promise<Uint8Array>>();
  const size = chunks.source.size - chunks.offset - chunks.count * TAG;
  const chunkAt = (number: number): Promise<Uint8Array> => {
    // Taken out and put in again, so that the order of the map is that of use.
    const chunk = kept.get(number) ?? oneChunk(chunks, number);
    kept.delete(number);
    kept.set(number, chunk);
    chunk.catch(() => kept.delete(number));
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT) break;
      kept.delete(oldest);
    }
    return chunk;
  };
  return async (offset, target, options) => {
    demandOffset(offset);
    options?.signal?.throwIfAborted();
    const end = Math.min(size, offset + target.length);
    for (let at = offset; at < end; ) {
      const number = Math.floor(at / CHUNK);
      const whole = at % CHUNK === 0 ? Math.min(BATCH, Math.floor((end - at) / CHUNK)) : 0;
      const taken = whole > 1 ? await batch(chunks, number, whole, options) : [await chunkAt(number)];
      for (const chunk of taken) {
        const part = chunk.subarray(at % CHUNK, (at % CHUNK) + end - at);
        target.set(part, at - offset);
        at += part.length;
      }
    }
    return Math.max(0, end - offset);
  };
}

/** Without the reader's signal: another reader may wait for the same chunk. */
async function oneChunk(chunks: Chunks, number: number): Promise<Uint8Array> {
  const [chunk] = await batch(chunks, number, 1, {});
  return chunk as Uint8Array;
}

async function batch(chunks: Chunks, first: number, count: number, options: ReadOptions = {}): Promise<Uint8Array[]> {
  const stored = await storedChunks(chunks, first, count, options);
  return Array.from({ length: count }, (_each, at) => {
    const number = first + at;
    const place = { number, last: number === chunks.count - 1 };
    const chunk = decryptChunk(chunks.key, place, stored.subarray(at * STORED, (at + 1) * STORED));
    if (!chunk) throw damaged(chunks.label, number, false);
    return chunk;
  });
}

function storedChunks({ source, offset, count: all }: Chunks, first: number, count: number, options: ReadOptions) {
  const end = first + count === all ? source.size : offset + (first + count) * STORED;
  const begin = offset + first * STORED;
  return readExactly(source, begin, end - begin, { ...options, limit: BATCH * STORED });
}

function damaged(label: string, number: number, last: boolean) {
  const place = `what was sealed in ${label} is damaged at byte ${number * CHUNK}`;
  const message = last ? `${place}, or the file was cut off there` : place;
  return ageError('ERR_AGE_DAMAGED', message, { details: { offset: number * CHUNK } });
}

function cut(label: string) {
  return ageError('ERR_AGE_TRUNCATED', `${label} was cut off: what was sealed goes on behind its end`);
}
