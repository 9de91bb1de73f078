/** Random access to bytes, wherever they lie: memory, a file, an archive entry, a registry blob. */
import { coreError } from './core-errors.ts';

export interface ReadOptions {
  signal?: AbortSignal | undefined;
}

/** A part of a file, bytes. */
export interface FileLocator {
  kind: 'file';
  path: string;
  offset: number;
  size: number;
}

/** Plain data from which another thread can open the same bytes again. */
export type Locator =
  | FileLocator
  | { kind: 'blob'; repository: string; digest: string; offset: number; size: number }
  /** A window of what `parts` are one after another. */
  | { kind: 'joined'; parts: readonly (Uint8Array | FileLocator)[]; offset: number; size: number };

export interface ByteSource {
  /** Length in bytes, fixed for the life of the source. */
  readonly size: number;
  /**
   * Fills `target` with the bytes from `offset` on and returns how many were read: all of `target`, or fewer only where
   * the source ends. An offset at or past the end reads 0; a negative or broken one throws ERR_BYTES_OUT_OF_RANGE.
   */
  readInto(offset: number, target: Uint8Array, options?: ReadOptions): Promise<number>;
  readonly locator?: Locator | undefined;
}

/** Throws ERR_BYTES_OUT_OF_RANGE for what is no offset; unchecked, a negative one reads bytes from before a window. */
export function demandOffset(offset: number): void {
  if (!Number.isInteger(offset) || offset < 0) throw coreError('ERR_BYTES_OUT_OF_RANGE', `${offset} is no offset`);
}

/** A source over bytes already in memory; it shares them, no copy. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    async readInto(offset, target) {
      demandOffset(offset);
      const part = bytes.subarray(offset, offset + target.length);
      target.set(part);
      return part.length;
    },
  };
}

/** A window of `source`. Throws ERR_BYTES_OUT_OF_RANGE when it does not lie wholly inside. */
export function sliceSource(source: ByteSource, offset: number, size: number): ByteSource {
  if (
    !Number.isSafeInteger(offset) ||
    !Number.isSafeInteger(size) ||
    offset < 0 ||
    size < 0 ||
    offset + size > source.size
  ) {
    throw coreError('ERR_BYTES_OUT_OF_RANGE', `range ${offset}+${size} lies outside a source of ${source.size} bytes`);
  }
  const outer = source.locator;
  return {
    size,
    locator: outer && { ...outer, offset: outer.offset + offset, size },
    async readInto(at, target, options) {
      demandOffset(at);
      const length = Math.min(target.length, Math.max(0, size - at));
      return length === 0 ? 0 : source.readInto(offset + at, target.subarray(0, length), options);
    },
  };
}

/** `source`, with `onRead` told after each read how far into it that came. */
export function observedSource(source: ByteSource, onRead: ((end: number) => void) | undefined): ByteSource {
  if (!onRead) return source;
  return {
    size: source.size,
    locator: source.locator,
    async readInto(offset, target, options) {
      const read = await source.readInto(offset, target, options);
      onRead(offset + read);
      return read;
    },
  };
}

/** Reads exactly `length` bytes. Throws ERR_BYTES_OUT_OF_RANGE where the source ends before, ERR_LIMIT_EXCEEDED over `limit`. */
export async function readExactly(
  source: ByteSource,
  offset: number,
  length: number,
  options: ReadOptions & { limit: number },
): Promise<Uint8Array> {
  if (length > options.limit) {
    throw coreError('ERR_LIMIT_EXCEEDED', `${length} bytes asked for where at most ${options.limit} are allowed`);
  }
  if (offset < 0 || length < 0 || offset + length > source.size) {
    throw coreError(
      'ERR_BYTES_OUT_OF_RANGE',
      `range ${offset}+${length} lies outside a source of ${source.size} bytes`,
    );
  }
  const bytes = new Uint8Array(length);
  const read = await source.readInto(offset, bytes, options);
  if (read !== length) {
    throw coreError('ERR_BYTES_OUT_OF_RANGE', `source ended after ${offset + read} of ${source.size} bytes`);
  }
  return bytes;
}

/** The whole of a source of at most `limit` bytes. Throws as readExactly does. */
export function readAll(source: ByteSource, options: ReadOptions & { limit: number }): Promise<Uint8Array> {
  return readExactly(source, 0, source.size, options);
}

/**
 * The bytes in order, in chunks of `chunkSize`. Every chunk is a fresh array, so a consumer may keep it.
 * Throws ERR_BYTES_OUT_OF_RANGE where the source turns out shorter than its size.
 */
export async function* streamOf(
  source: ByteSource,
  options: ReadOptions & { chunkSize?: number } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunkSize = options.chunkSize ?? 1 << 20;
  for (let offset = 0; offset < source.size; ) {
    options.signal?.throwIfAborted();
    const length = Math.min(chunkSize, source.size - offset);
    yield await readExactly(source, offset, length, { signal: options.signal, limit: chunkSize });
    offset += length;
  }
}

/** A view of just these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
