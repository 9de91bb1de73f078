/** What a file that is taken out will hold: given piece by piece in ascending order, so that no size is ever allocated. */
import type { ByteSource } from '@stillframe/core';
import { type AbsentReason, type AddressSpace, type PageChain, type SignalOptions, UNIT } from '@stillframe/criu-image';

/** Some bytes from `offset` on. Pieces do not overlap; what lies between them is zero for sure. */
export type Piece =
  | {
      readonly state: 'data';
      readonly offset: number;
      /** Valid until the next piece is asked for. */
      readonly bytes: Uint8Array;
    }
  /** Bytes that the process had and the evidence does not hold. They become zeroes, which then mean nothing. */
  | { readonly state: 'absent'; readonly offset: number; readonly length: number; readonly reason: AbsentReason };

/** The content of one file. */
export interface Content {
  /** Bytes of the whole as the evidence claims them, holes included. Believed only where it is below a limit. */
  readonly size: bigint;
  /** As often as it is asked for. `size` must be a safe integer by then. */
  pieces(options?: SignalOptions): AsyncGenerator<Piece, void, undefined>;
}

/** Bytes read at once. */
const CHUNK = 1 << 20;
const ADDRESSES = 1n << 64n;

/** A source as it is. */
export function sourceContent(source: ByteSource): Content {
  return {
    size: BigInt(source.size),
    pieces: (options = {}) => sourcePieces(source, 0, source.size, 0, options),
  };
}

/** The pages of a segment up to its size; `undefined` where the dump has no pages of it. */
export function pagesContent(chain: PageChain | undefined, size: bigint): Content {
  return {
    size,
    async *pieces(options = {}) {
      const end = Number(size);
      if (chain === undefined && end > 0) yield { state: 'absent', offset: 0, length: end, reason: 'shared' };
      if (chain === undefined) return;
      for (let at = 0; at < end; ) {
        options.signal?.throwIfAborted();
        const { state, offset, bytes, pages } = chain.locate(BigInt(at));
        const length = Math.min(bytes, end - at);
        if (state === 'captured' && pages.source) yield* sourcePieces(pages.source, offset, length, at, options);
        else if (state !== 'gap') {
          yield { state: 'absent', offset: at, length, reason: state === 'captured' ? 'damaged' : state };
        } else if (!chain.own.complete) yield { state: 'absent', offset: at, length, reason: 'damaged' };
        at += length;
      }
    },
  };
}

/** Where the last page ends that a pagemap speaks of: all that is known of the size of a segment that nobody maps. */
export function endOfPages({ own }: PageChain): bigint {
  const { units, pages, length } = own.pagemap;
  let end = 0n;
  for (let index = 0; index < length; index += 1) {
    const at = BigInt(units[index] ?? 0) * BigInt(UNIT) + BigInt(pages[index] ?? 0) * BigInt(own.pageSize);
    if (at > end) end = at;
  }
  return end;
}

/** The memory of a process from `start` to `end`. Throws RangeError for a range that is none. */
export function memoryContent(space: AddressSpace, start: bigint, end: bigint): Content {
  if (start < 0n || end < start || end > ADDRESSES) throw new RangeError('a range of memory lies within 64 bits');
  return {
    size: end - start,
    async *pieces(options = {}) {
      const buffer = new Uint8Array(Math.min(CHUNK, Number(end - start)));
      for await (const stretch of space.survey(start, end)) {
        options.signal?.throwIfAborted();
        const offset = Number(stretch.vaddr - start);
        if (stretch.state === 'absent') {
          yield { state: 'absent', offset, length: stretch.bytes, reason: stretch.reason };
        } else if (stretch.state === 'captured') {
          for (let done = 0; done < stretch.bytes; done += buffer.length) {
            const part = buffer.subarray(0, Math.min(buffer.length, stretch.bytes - done));
            yield* memoryPieces(space, stretch.vaddr + BigInt(done), part, offset + done, options);
          }
        }
      }
    },
  };
}

async function* memoryPieces(
  space: AddressSpace,
  vaddr: bigint,
  part: Uint8Array,
  offset: number,
  options: SignalOptions,
): AsyncGenerator<Piece> {
  for (const range of await space.read(vaddr, part, options)) {
    const from = Number(range.vaddr - vaddr);
    if (range.state === 'captured') {
      yield { state: 'data', offset: offset + from, bytes: part.subarray(from, from + range.bytes) };
    } else if (range.state === 'absent') {
      yield { state: 'absent', offset: offset + from, length: range.bytes, reason: range.reason };
    }
  }
}

/** `length` bytes of `source` from `from` on, as pieces from `offset` on; a source that ends before is `damaged` there. */
export async function* sourcePieces(
  source: ByteSource,
  from: number,
  length: number,
  offset: number,
  options: SignalOptions,
): AsyncGenerator<Piece, void, undefined> {
  const buffer = new Uint8Array(Math.min(CHUNK, length));
  for (let done = 0; done < length; ) {
    options.signal?.throwIfAborted();
    const part = buffer.subarray(0, Math.min(buffer.length, length - done));
    const read = await source.readInto(from + done, part, { signal: options.signal });
    if (read > 0) yield { state: 'data', offset: offset + done, bytes: part.subarray(0, read) };
    done += read;
    if (read < part.length) {
      yield { state: 'absent', offset: offset + done, length: length - done, reason: 'damaged' };
      return;
    }
  }
}
