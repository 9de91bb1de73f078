/** An archive held against the digest that its evidence recorded. */
import type { Digest } from '@stillframe/core';
import { checkpointError } from '../errors.ts';

/** Throws ERR_CHECKPOINT_DIGEST_MISMATCH where an archive, called `label`, is not the one that was recorded, if any was. */
export function demandRecorded(found: Digest, recorded: string | undefined, label: string): void {
  if (recorded === undefined || found === recorded) return;
  const message = `${label} is not what was captured: it has ${found}, and ${recorded} was recorded`;
  throw checkpointError('ERR_CHECKPOINT_DIGEST_MISMATCH', message, { details: { recorded, found } });
}
