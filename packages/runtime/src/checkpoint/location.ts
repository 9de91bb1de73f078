/** Where an archive is to go: whether it may, the work folder beside it, and why it did not fit. */
import { mkdir, stat, statfs } from 'node:fs/promises';
import { basename, dirname, isAbsolute, normalize } from 'node:path';
import { isCode, systemCode } from '@stillframe/core';
import { evidencePath } from '@stillframe/evidence';
import { runtimeError } from '../errors.ts';

/** Bytes of a file name on Linux. */
const NAME_MAX = 255;

/** Throws ERR_CHECKPOINT_LOCATION where no archive can have this name, ERR_CHECKPOINT_EXISTS where one has it. */
export async function checkLocation(location: string): Promise<void> {
  if (!isAbsolute(location) || normalize(location) !== location) {
    throw wrong(`the location ${JSON.stringify(location)} is not a plain absolute path`);
  }
  if (Buffer.byteLength(basename(evidencePath(location))) > NAME_MAX) {
    throw wrong(`the name ${basename(location)} leaves no room for its evidence beside it`, 'give a shorter name');
  }
  const folder = await stat(dirname(location)).catch(() => undefined);
  if (!folder) throw wrong(`the folder ${dirname(location)} does not exist`);
  if (!folder.isDirectory()) throw wrong(`${dirname(location)} is no folder`);
  for (const taken of [location, evidencePath(location)]) {
    if (await stat(taken).catch(() => undefined))
      throw runtimeError('ERR_CHECKPOINT_EXISTS', `${taken} exists already`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EROFS: 'its filesystem is read-only',
  EACCES: 'this node may not write there',
  EPERM: 'this node may not write there',
  ENOENT: 'it takes no new files',
};

/** Makes the folder beside the archive in which it is made. Throws ERR_CHECKPOINT_LOCATION where nothing can be written. */
export async function makeWork(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined || code === 'ENOSPC' || code === 'EDQUOT') throw cause;
    const reason = REASONS[code] ?? `the system says ${code}`;
    throw wrong(`no archive can be written in ${folder}: ${reason}`, 'choose a folder on a disk', cause);
  }
}

/** Runs `work`; throws ERR_CHECKPOINT_DISK_FULL in place of what a full disk made it throw. */
export async function tellFullDisk<T>(location: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(await diskIsFull(location, cause))) throw cause;
    const message = `no space for the checkpoint in ${dirname(location)}; what was captured runs on`;
    throw runtimeError('ERR_CHECKPOINT_DISK_FULL', message, { cause });
  }
}

/** CRIU and tar report a full disk in words; what is left on the filesystem is the surer sign. */
async function diskIsFull(location: string, error: unknown): Promise<boolean> {
  if (['ERR_CHECKPOINT_LOCATION', 'ERR_CHECKPOINT_EXISTS'].some((code) => isCode(error, code))) return false;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (systemCode(cause) === 'ENOSPC' || /No space left|errno 28/i.test(cause.message)) return true;
  }
  const found = await statfs(dirname(location)).catch(() => undefined);
  // A filesystem without any blocks, as /proc is, has never had room: it is not full.
  return found !== undefined && found.blocks > 0 && found.bavail * found.bsize < 1 << 20;
}

function wrong(message: string, hint?: string, cause?: unknown) {
  return runtimeError('ERR_CHECKPOINT_LOCATION', message, { cause, ...(hint === undefined ? {} : { hint }) });
}
