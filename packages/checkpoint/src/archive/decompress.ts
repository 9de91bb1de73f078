/** A compressed archive, decompressed once into a bounded temporary file, since neither gzip nor one zstd frame can be read at random. */
import { open, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import {
  type ByteSource,
  messageOf,
  StillframeError,
  sliceSource,
  streamOf,
  systemCode,
  UndoStack,
} from '@stillframe/core';
import { type FileSource, openFileSource, openTemporaryFolder } from '@stillframe/core/file';
import { checkpointError } from '../errors.ts';
import { sniffCompression } from './compression.ts';

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
  /** Where the temporary file lies; the system's temporary folder by default. */
  cacheFolder?: string | undefined;
  decompression?: DecompressionLimits | undefined;
}

/**
 * Decompresses `source` into a temporary file (mode 0600) that is removed when the result is disposed.
 * Throws ERR_ARCHIVE_TRUNCATED, ERR_ARCHIVE_DAMAGED, or ERR_ARCHIVE_TOO_LARGE where a bound is passed.
 */
export async function decompress(
  source: ByteSource,
  compression: 'gzip' | 'zstd',
  options: DecompressOptions = {},
): Promise<ByteSource & AsyncDisposable> {
  const parent = options.cacheFolder ?? tmpdir();
  await using undo = new UndoStack();
  const folder = await openTemporaryFolder(parent, 'archive');
  undo.push('temporary folder', async () => await folder[Symbol.asyncDispose]());
  const path = join(folder.path, 'archive.tar');
  const bounds = await boundsOf(parent, options.decompression ?? {});
  await expand(source, compression, path, { bounds, signal: options.signal });
  const file = await openFileSource(path);
  undo.keep();
  return { ...sourceOf(file), [Symbol.asyncDispose]: () => disposeBoth(file, folder) };
}

function sourceOf(file: FileSource): ByteSource {
  return { size: file.size, locator: file.locator, readInto: (at, target, o) => file.readInto(at, target, o) };
}

async function disposeBoth(file: AsyncDisposable, folder: AsyncDisposable): Promise<void> {
  await using _folder = folder;
  await using _file = file;
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
  path: string,
  options: { bounds: Bounds; signal: AbortSignal | undefined },
): Promise<void> {
  const { bounds, signal } = options;
  await using file = await open(path, 'wx', 0o600);
  let written = 0;
  // gunzip takes all members in one go; the zstd decoder ends with a frame, though a file may have many.
  for (let start = 0; start < source.size; ) {
    let consumed = 0;
    const progress = (bytes: number) => {
      consumed = bytes;
    };
    for await (const chunk of decoded(source, compression, { start, signal, progress })) {
      written += chunk.length;
      if (written > bounds.bytes) throw tooLarge(`it decompresses to more than ${bounds.bytes} bytes`);
      if (written > bounds.ratioFloor && written > (start + consumed) * bounds.ratio) {
        throw tooLarge(`it decompresses to more than ${bounds.ratio} times its size`);
      }
      await file.writeFile(chunk);
    }
    start += consumed;
    if (compression === 'gzip' || consumed === 0 || !(await anotherFrame(source, start, signal))) return;
  }
}

/** What follows the last frame belongs to nobody, as with gzip. */
async function anotherFrame(source: ByteSource, at: number, signal: AbortSignal | undefined): Promise<boolean> {
  const head = new Uint8Array(4);
  return (await source.readInto(at, head, { signal })) === 4 && sniffCompression(head) === 'zstd';
}

/** The content of one frame (zstd) or of all members (gzip) from `start` on; `progress` is told the bytes consumed so far. */
async function* decoded(
  source: ByteSource,
  compression: 'gzip' | 'zstd',
  options: { start: number; signal: AbortSignal | undefined; progress: (bytes: number) => void },
): AsyncGenerator<Buffer, void, undefined> {
  const { start, signal, progress } = options;
  const decoder = compression === 'gzip' ? createGunzip() : createZstdDecompress();
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
