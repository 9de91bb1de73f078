/** What a capture recorded beside its archive, where it lies as a file. */

import { limits, readAll, StillframeError } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { decodeCapture, evidencePath, type RecordedCapture } from '@stillframe/evidence';

/** Undefined where there is no evidence, or none that can be read: archives of other engines have none. */
export async function readRecordedCapture(archive: string): Promise<RecordedCapture | undefined> {
  try {
    await using file = await openFileSource(evidencePath(archive));
    return decodeCapture(new TextDecoder().decode(await readAll(file, { limit: limits.json })));
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    return undefined;
  }
}
