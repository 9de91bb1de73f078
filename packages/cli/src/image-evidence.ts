/** What was recorded of an archive when it was captured, for the image that is made of it. */
import { lstat } from 'node:fs/promises';
import { limits, readAll, systemCode } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { decodeCapture, evidencePath, type RecordedCapture } from '@stillframe/evidence';

/**
 * The evidence beside an archive; undefined where there is none, as beside archives of other engines. Throws
 * ERR_EVIDENCE_INVALID, ERR_FILE_UNREADABLE or ERR_LIMIT_EXCEEDED for evidence that cannot be read: that is not none.
 */
export async function readEvidence(archive: string): Promise<RecordedCapture | undefined> {
  const path = evidencePath(archive);
  try {
    await lstat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  await using file = await openFileSource(path);
  return decodeCapture(new TextDecoder().decode(await readAll(file, { limit: limits.json })));
}
