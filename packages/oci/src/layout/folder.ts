/** Files of a layout folder that somebody else may have made: no symbolic link, no pipe, no oversized document. */
import { constants } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type Digest, hexOf, orAbsent } from '@stillframe/core';
import { ociError } from '../errors.ts';

/** The one hash folder; all digests of this package are sha256. */
export const BLOBS = join('blobs', 'sha256');

/** Where a blob of the layout in `root` lies. The name comes from a validated digest alone, so it cannot leave `root`. */
export function blobPath(root: string, digest: Digest): string {
  return join(root, BLOBS, hexOf(digest));
}

/** Size of the regular file `path`; undefined where there is none. Throws ERR_OCI_LAYOUT_INVALID for anything else there. */
export async function sizeOfFile(path: string): Promise<number | undefined> {
  const stat = await orAbsent(lstat(path), 'ENOENT');
  if (stat && !stat.isFile())
    throw ociError('ERR_OCI_LAYOUT_INVALID', `${path} is not a regular file`, { details: { path } });
  return stat?.size;
}

/**
 * The whole of a small regular file, undefined where there is none.
 * Throws ERR_OCI_LAYOUT_INVALID where it is no regular file, ERR_OCI_DOCUMENT_TOO_LARGE above `limit` bytes.
 */
export async function readSmallFile(path: string, limit: number): Promise<Uint8Array | undefined> {
  const size = await sizeOfFile(path);
  if (size === undefined) return undefined;
  // Between lstat and open another name may have come here: O_NOFOLLOW and O_NONBLOCK keep links and pipes harmless.
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const bytes = new Uint8Array(Math.min(size, limit) + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return bytes.slice(0, length);
    length += bytesRead;
    if (length === bytes.length) {
      throw ociError('ERR_OCI_DOCUMENT_TOO_LARGE', `${path} has more than ${length - 1} bytes`, { details: { path } });
    }
  }
}

/** Throws ERR_OCI_LAYOUT_INVALID where the blobs folder is missing or leads out of `root` by a symbolic link. */
export async function checkBlobsFolder(root: string): Promise<void> {
  const [top, blobs] = await Promise.all([root, join(root, BLOBS)].map((path) => orAbsent(realpath(path), 'ENOENT')));
  if (top === undefined || blobs === undefined) {
    throw ociError('ERR_OCI_LAYOUT_INVALID', `${root} has no folder ${BLOBS}`, { details: { path: root } });
  }
  if (blobs !== join(top, BLOBS) && !blobs.startsWith(top + sep)) {
    throw ociError('ERR_OCI_LAYOUT_INVALID', `${BLOBS} of ${root} is a link that leads outside`, {
      details: { path: root },
    });
  }
}
