/** Files that appear whole or not at all: temporary name, fsync, rename, fsync of the folder. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { coreError } from '../core-errors.ts';
import { systemCode } from '../errors.ts';

/** Temporary names begin so; a sweep may remove such files when no process works on them. */
export const TEMPORARY_PREFIX = '.stillframe-';

/** Characters of the file's own name that its temporary name keeps: at three bytes each all fit into NAME_MAX. */
const KEPT = 50;

/** A fresh name in the folder of `path`, so that a later rename stays on one filesystem. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `${TEMPORARY_PREFIX}${basename(path).slice(0, KEPT)}.${randomBytes(6).toString('hex')}`);
}

export interface AtomicOptions {
  /** Permission bits, 0600 by default. */
  mode?: number;
  /** Whether an existing file may be replaced, true by default. Otherwise ERR_FILE_EXISTS. */
  replace?: boolean;
}

/**
 * Calls `write` with a temporary file and, when it returns, syncs and renames it to `path`. When it throws, or the
 * process dies, `path` is as it was before.
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  options: AtomicOptions = {},
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    {
      await using file = await open(temporary, 'wx', options.mode ?? 0o600);
      await write(file);
      await file.sync();
    }
    await publish(temporary, path, options);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Gives a finished, synced temporary file its final name and syncs the folder.
 * Throws ERR_FILE_EXISTS where `replace` is false and the name is taken; the temporary file is then still there.
 */
export async function publish(
  temporary: string,
  path: string,
  options: Pick<AtomicOptions, 'replace'> = {},
): Promise<void> {
  if (options.replace === false) {
    // link(2) refuses an existing name, rename(2) would replace it: this is the only race-free way.
    try {
      await link(temporary, path);
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST') throw cause;
      throw coreError('ERR_FILE_EXISTS', `${path} exists already`, { cause, details: { path } });
    }
    await rm(temporary);
  } else {
    await rename(temporary, path);
  }
  await syncFolder(dirname(path));
}

/** Writes a small text file atomically. */
export function writeTextAtomically(path: string, text: string, options: AtomicOptions = {}): Promise<void> {
  return writeAtomically(path, (file) => file.writeFile(text), options);
}

/** Makes renames and removals in `folder` durable. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
