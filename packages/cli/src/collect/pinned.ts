/** An archive that is held open while it is read: whatever is done to its name meanwhile, it is this file that is read. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { harmless, systemCode } from '@stillframe/core';
import { cliError } from '../usage.ts';
import { type FoundArchive, versionOf } from './archives.ts';

/** The file of one version. */
export interface PinnedArchive extends AsyncDisposable {
  /** Leads to the open file itself, where the system has such paths. */
  readonly path: string;
  /** Throws ERR_ARCHIVE_CHANGED where it has been written to since it was found. */
  demandSame(): Promise<void>;
}

/** Throws ERR_ARCHIVE_CHANGED where something else lies there now, a link included, and the system's errors. */
export async function pinArchive({ name, path, version }: FoundArchive): Promise<PinnedArchive> {
  const changed = (cause?: unknown) =>
    cliError('ERR_ARCHIVE_CHANGED', `${harmless(name)} is not what it was a moment ago`, cause ? { cause } : {});
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: unknown) => {
    throw ['ENOENT', 'ELOOP'].includes(systemCode(error) ?? '') ? changed(error) : error;
  });
  const demandSame = async () => {
    if (versionOf(await file.stat({ bigint: true })) !== version) throw changed();
  };
  try {
    await demandSame();
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    path: process.platform === 'linux' ? `/proc/self/fd/${file.fd}` : path,
    demandSame,
    [Symbol.asyncDispose]: () => file.close(),
  };
}
