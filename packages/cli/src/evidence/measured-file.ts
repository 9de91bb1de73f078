/** All digests of an archive that lies as a file, in one pass, and whether it stayed the same meanwhile. */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Archive, openArchive, rangesOf } from '@stillframe/checkpoint';
import { type Digest, digestSource, harmless, messageOf, observedSource, StillframeError } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { type Measured, measure } from '@stillframe/evidence';
import { cliError } from '../usage.ts';

export interface MeasuredFile {
  digest: Digest;
  /** Bytes of the file. */
  size: number;
  /** Milliseconds since 1970: its last change, before it was read. */
  writtenAt: number;
  /** What is in it; undefined where it cannot be read as an archive. */
  contents: Measured | undefined;
  /** Why it could not be read, or not to its end. */
  damage: string | undefined;
}

export interface MeasureFileOptions {
  signal: AbortSignal;
  /** Told of bytes of the file, of all that it has. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Reads the archive once, a compressed one twice. Throws ERR_ARCHIVE_CHANGED where it is another one afterwards,
 * ERR_FILE_UNREADABLE and the system's errors, and the reason of the signal.
 */
export async function measureFile(path: string, options: MeasureFileOptions): Promise<MeasuredFile> {
  // What is missing is told in the words of whoever opens it.
  await (await openFileSource(path))[Symbol.asyncDispose]();
  const before = await seen(path);
  try {
    return { ...(await read(path, options)), writtenAt: Number(before.mtimeMs) };
  } finally {
    // Also where it could not be read to its end: that it became shorter is why.
    if (!options.signal.aborted) demandSame(path, before, await seen(path).catch(() => undefined));
  }
}

async function read(
  path: string,
  { signal, onProgress }: MeasureFileOptions,
): Promise<Omit<MeasuredFile, 'writtenAt'>> {
  let archive: Archive | undefined;
  let unreadable: string | undefined;
  try {
    archive = await openArchive(path, { signal, partial: true });
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    unreadable = messageOf(error);
  }
  await using _open = archive;
  await using file = await openFileSource(path);
  const told = (bytes: number) => onProgress?.(bytes, file.size);
  const contents =
    archive?.tar &&
    (await measure(archive.tar, rangesOf(archive.entries), { signal, onProgress: told, threads: true }));
  const compressed = archive?.tar !== archive?.bytes;
  const digest = contents && !compressed ? contents.digest : await digestSource(observedSource(file, told), { signal });
  const damage = unreadable ?? archive?.diagnostics.find(({ severity }) => severity === 'error')?.message;
  return { digest, size: file.size, contents, damage };
}

const seen = (path: string): Promise<BigIntStats> => stat(path, { bigint: true });

function demandSame(path: string, before: BigIntStats, after: BigIntStats | undefined): void {
  if (!isSame(before, after)) throw cliError('ERR_ARCHIVE_CHANGED', `${harmless(path)} changed while it was read`);
}

/** Not by the time of its last change of status: a name that is added or taken away is none of the bytes. */
function isSame(before: BigIntStats, after: BigIntStats | undefined): boolean {
  return (['dev', 'ino', 'size', 'mtimeNs'] as const).every((key) => before[key] === after?.[key]);
}

/**
 * For who keeps an archive open and verifies it by its path later. What it gives throws ERR_ARCHIVE_REPLACED where another file lies
 * there than now, or none, or it was written to. What is no file has nothing beside it that is verified, and is not watched.
 */
export async function rememberArchive(path: string): Promise<() => Promise<void>> {
  const before = await seen(path).catch(() => undefined);
  return async () => {
    if (!before?.isFile() || isSame(before, await seen(path).catch(() => undefined))) return;
    throw cliError('ERR_ARCHIVE_REPLACED', `${harmless(path)} is not what it was when it was opened`);
  };
}
