/** What a failure means for an archive: it is not finished, it is not taken as it is, or it is tried again. */
import { StillframeError, systemCode, unsuppressed } from '@stillframe/core';

/**
 * `unfinished`: somebody may be writing to it still. `refused`: the same again until it is another file. `failed`: not the archive's
 * fault; `everywhere` where the next one would fare no better.
 */
export type Fault = { readonly kind: 'unfinished' | 'refused' } | { readonly kind: 'failed'; everywhere: boolean };

const UNFINISHED = new Set(['ERR_ARCHIVE_TRUNCATED', 'ERR_ARCHIVE_EMPTY', 'ERR_ARCHIVE_CHANGED']);
/** Of the store, of the state, of the network: whatever else ours begin with is about the archive. */
const ELSEWHERE = /^ERR_(?:OCI|S3|REGISTR|COLLECT|FILE|REFERENCE|DIGEST|AGE|ROLLBACK)/;
/** Kinds by which a destination says something that it would say of any archive. */
const EVERYWHERE = new Set(['unavailable', 'unauthenticated', 'permission-denied', 'resource-exhausted']);

/** Errors of the system that are about one file. */
const OF_ONE = new Set(['EIO', 'ESTALE', 'ENOENT', 'EACCES', 'EPERM']);

export function faultOf(thrown: unknown): Fault {
  let error = unsuppressed(thrown);
  // A copy says on which side it failed, around what failed there.
  while (error instanceof Error && !StillframeError.is(error) && error.cause !== undefined) error = error.cause;
  if (!StillframeError.is(error)) {
    // A full disk, a network without names; not a bad block under this archive, nor a defect that this one brings to light.
    const code = systemCode(error);
    return { kind: 'failed', everywhere: code !== undefined && !OF_ONE.has(code) };
  }
  if (UNFINISHED.has(error.code)) return { kind: 'unfinished' };
  if (!ELSEWHERE.test(error.code)) return { kind: 'refused' };
  return { kind: 'failed', everywhere: EVERYWHERE.has(error.kind) };
}
