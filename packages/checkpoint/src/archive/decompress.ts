/** A compressed archive, decompressed once into a bounded file without a name, since neither gzip nor one zstd frame can be read at random. */
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import {
  type ByteSource,
  isCode,
  messageOf,
  StillframeError,
  sliceSource,
  streamOf,
  systemCode,
  UndoStack,
} from '@stillframe/core';
import { openScratchFile, type ScratchFile } from '@stillframe/core/file';
import { checkpointError } from '../errors.ts';
import { sniffCompression } from './compression.ts';
import { frameLength } from './zstd-frame.ts';

/** Bytes decoded at once: with the default of 16 KiB gunzip takes four times as long. */
const CHUNK = 1 << 20;
/** The same for a damaged archive, where at most so much before the damage may be lost. */
const PARTIAL_CHUNK = 4 << 10;
/** Bytes of a zstd frame that is decoded in one go. */
const SMALL = 16 << 10;
/** Magic of the first of 16 kinds of skippable frames. */
const SKIPPABLE = 0x184d2a50;

/** What decompression may cost. */
export interface DecompressionLimits {
  /** Bytes written at most; by default 64 GiB, and never more than the disk has free less 256 MiB. */
  bytes?: number | undefined;
  /** Bytes out for one byte in at most, 1,000 by default. */
  ratio?: number | undefined;
  /** Bytes out below which the ratio is not looked at, 256 MiB by default. */
  ratioFloor?: number | undefined;
}

/** Options of decompress. */
export interface DecompressOptions {
  signal?: AbortSignal | undefined;
  /** The folder on whose disk the decompressed bytes are; the system's temporary folder by default. */
  cacheFolder?: string | undefined;
  decompression?: DecompressionLimits | undefined;
  /** Whether what can be decompressed of a truncated or damaged archive is enough. */
  partial?: boolean | undefined;
}

/** What was decompressed; `fault` where `partial` was asked for and there is more that could not be. */
export interface Decompressed extends ByteSource, AsyncDisposable {
  readonly fault: StillframeError | undefined;
}

/**
 * Decompresses `source` into a file without a name, which is gone when the result is disposed or the process ends, however
 * it does. Throws ERR_ARCHIVE_TRUNCATED and ERR_ARCHIVE_DAMAGED unless `partial`, and ERR_ARCHIVE_TOO_LARGE where a bound
 * is passed.
 */
export async function decompress(
  source: ByteSource,
  compression: 'gzip' | 'zstd',
  options: DecompressOptions = {},
): Promise<Decompressed> {
  const folder = options.cacheFolder ?? tmpdir();
  await using undo = new UndoStack();
  const file = await openScratchFile(folder);
  undo.push('decompressed archive', async () => await file[Symbol.asyncDispose]());
  const bounds = await boundsOf(folder, options.decompression ?? {});
  const { partial = false, signal } = options;
  const fault = await expand(source, compression, file, { bounds, signal, partial });
  undo.keep();
  return { ...file.source(), fault, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
}

async function boundsOf(
  folder: string,
  given: DecompressionLimits,
): Promise<Required<{ [K in keyof DecompressionLimits]: number }>> {
  const disk = await statfs(folder);
  const free = Math.max(0, disk.bavail * disk.bsize - (256 << 20));
  return {
    bytes: Math.min(given.bytes ?? 64 * 2 ** 30, free),
    ratio: given.ratio ?? 1000,
    ratioFloor: given.ratioFloor ?? 256 << 20,
  };
}

interface Bounds {
  bytes: number;
  ratio: number;
  ratioFloor: number;
}

async function expand(
  source: ByteSource,
  compression: 'gzip' | 'zstd',
  file: ScratchFile,
  options: { bounds: Bounds; signal: AbortSignal | undefined; partial: boolean },
): Promise<StillframeError | undefined> {
  const { bounds, signal, partial } = options;
  let consumed = 0;
  const onConsumed = (bytes: number) => {
    consumed = bytes;
  };
  try {
    for await (const chunk of decompressedBytes(source, compression, { signal, partial, onConsumed })) {
      const written = file.size + chunk.length;
      if (written > bounds.bytes) throw tooLarge(`it decompresses to more than ${bounds.bytes} bytes`);
      if (written > bounds.ratioFloor && written > consumed * bounds.ratio) {
        throw tooLarge(`it decompresses to more than ${bounds.ratio} times its size`);
      }
      await file.append(chunk);
    }
  } catch (error) {
    const isFault = isCode(error, 'ERR_ARCHIVE_TRUNCATED') || isCode(error, 'ERR_ARCHIVE_DAMAGED');
    if (partial && isFault && StillframeError.is(error)) return error;
    throw error;
  }
  return undefined;
}

/** Options of decompressedBytes. */
export interface DecompressedBytesOptions {
  signal?: AbortSignal | undefined;
  /** Whether as much as can be is wanted of what is damaged. False by default. */
  partial?: boolean | undefined;
  /** Told how many bytes of the source were needed so far. */
  onConsumed?: ((bytes: number) => void) | undefined;
}

/**
 * The content, in order and unbounded: whoever takes it says how much is enough. Iteration throws ERR_ARCHIVE_TRUNCATED and
 * ERR_ARCHIVE_DAMAGED. gunzip takes all members in one go; the zstd decoder ends with a frame, though a file may have many.
 */
export async function* decompressedBytes(
  source: ByteSource,
  compression: 'gzip' | 'zstd',
  { signal, partial = false, onConsumed }: DecompressedBytesOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const first = compression === 'zstd' ? await nextFrame(source, 0, signal) : 0;
  for (let start = first; start !== undefined && start < source.size; ) {
    const from = start;
    const small = compression === 'zstd' ? await smallFrame(source, from, signal) : undefined;
    if (small) {
      onConsumed?.(from + small.length);
      yield small.content;
      start = await nextFrame(source, from + small.length, signal);
      continue;
    }
    let consumed = 0;
    const progress = (bytes: number) => {
      consumed = bytes;
      onConsumed?.(from + bytes);
    };
    yield* decoded(source, compression, { start: from, signal, progress, partial });
    if (compression === 'gzip' || consumed === 0) return;
    start = await nextFrame(source, from + consumed, signal);
  }
}

/**
 * Where the next frame with content begins; undefined where there is none. Skippable frames (RFC 8878, 3.1.2) are what their
 * name says; anything else behind the last frame belongs to nobody, as with gzip.
 */
async function nextFrame(
  source: ByteSource,
  from: number,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const head = Buffer.alloc(8);
  for (let at = from; (await source.readInto(at, head, { signal })) === head.length; ) {
    if ((head.readUInt32LE(0) & 0xfffffff0) >>> 0 === SKIPPABLE) at += 8 + head.readUInt32LE(4);
    else return sniffCompression(head) === 'zstd' ? at : undefined;
  }
  return undefined;
}

/**
 * The content of a frame that is small before and after; undefined for any other, and for a damaged one. A decoder for streams, and
 * what it reads ahead, cost so much that a small file of tiny frames would take hours.
 */
async function smallFrame(
  source: ByteSource,
  from: number,
  signal: AbortSignal | undefined,
): Promise<{ length: number; content: Uint8Array } | undefined> {
  const head = Buffer.alloc(Math.min(SMALL, source.size - from));
  const length = frameLength(head.subarray(0, await source.readInto(from, head, { signal })));
  if (length === undefined) return undefined;
  try {
    return { length, content: zstdDecompressSync(head.subarray(0, length), { maxOutputLength: CHUNK }) };
  } catch {
    return undefined;
  }
}

/** The content of one frame (zstd) or of all members (gzip) from `start` on; `progress` is told the bytes consumed so far. */
async function* decoded(
  source: ByteSource,
  compression: 'gzip' | 'zstd',
  options: { start: number; signal: AbortSignal | undefined; progress: (bytes: number) => void; partial: boolean },
): AsyncGenerator<Buffer, void, undefined> {
  const { start, signal, progress, partial } = options;
  // A stream that fails drops what it holds ready, so it holds little where every byte counts.
  const chunkSize = partial ? PARTIAL_CHUNK : CHUNK;
  const decoder = compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  const rest = sliceSource(source, start, source.size - start);
  const input = Readable.from(streamOf(rest, { signal, chunkSize: 1 << 20 }), { objectMode: false });
  input.on('error', (error) => decoder.destroy(error));
  input.pipe(decoder);
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      progress(decoder.bytesWritten);
      yield chunk;
    }
    progress(decoder.bytesWritten);
  } catch (cause) {
    throw translate(cause, signal);
  } finally {
    input.destroy();
    decoder.destroy();
  }
}

function translate(cause: unknown, signal: AbortSignal | undefined): unknown {
  if (StillframeError.is(cause) || signal?.aborted) return cause;
  if (systemCode(cause) === 'Z_BUF_ERROR' || /unexpected end of file/i.test(messageOf(cause))) {
    return checkpointError('ERR_ARCHIVE_TRUNCATED', 'the compressed archive ends before its content does', { cause });
  }
  if (/^(Z_|ZSTD_|ERR_ZLIB)/.test(systemCode(cause) ?? '')) {
    return checkpointError('ERR_ARCHIVE_DAMAGED', `the archive does not decompress: ${messageOf(cause)}`, { cause });
  }
  return cause;
}

function tooLarge(why: string) {
  return checkpointError('ERR_ARCHIVE_TOO_LARGE', `the compressed archive was given up: ${why}`);
}
