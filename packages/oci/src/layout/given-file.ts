/** A finished file that becomes a blob: whether it is the one that is meant, and a second name or a copy of it. */
import { constants } from 'node:fs';
import { copyFile, link, lstat, open } from 'node:fs/promises';
import { digestSource, systemCode } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import type { ContentOptions } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { verifySize } from '../verify.ts';

/** Options of linkBlob. */
export interface LinkBlobOptions extends ContentOptions {
  /** The caller has hashed these very bytes already: do not read them again. The size is checked all the same. */
  digestKnown?: boolean;
}

/** Errors of link(2) for which a copy is the answer: another filesystem, no hard links, not allowed, too many links. */
const UNLINKABLE = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Throws ERR_OCI_CONTENT_SHORT, _LONG, _WRONG, ERR_OCI_LAYOUT_INVALID. */
export async function checkFile(path: string, descriptor: Descriptor, options: LinkBlobOptions): Promise<void> {
  const stat = await lstat(path);
  if (!stat.isFile()) throw ociError('ERR_OCI_LAYOUT_INVALID', `${path} is not a regular file`, { details: { path } });
  verifySize(stat.size, descriptor);
  if (options.digestKnown) return;
  await using source = await openFileSource(path);
  const actual = await digestSource(source, options);
  if (actual !== descriptor.digest) {
    throw ociError('ERR_OCI_CONTENT_WRONG', `${path} has the digest ${actual}, not ${descriptor.digest}`);
  }
}

/** Synced; on the filesystem of `temporary` by a hard link where one can be made. */
export async function linkOrCopy(path: string, temporary: string): Promise<'linked' | 'copied'> {
  let way: 'linked' | 'copied' = 'linked';
  try {
    await link(path, temporary);
  } catch (error) {
    if (!UNLINKABLE.has(systemCode(error) ?? '')) throw error;
    await copyFile(path, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    way = 'copied';
  }
  await using file = await open(temporary, 'r');
  await file.sync();
  return way;
}
