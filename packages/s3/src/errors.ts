import { errorTable } from '@stillframe/core';

/** What a store that speaks S3 answers, or does not. */
export const s3Error = errorTable({
  ERR_S3_UNREACHABLE: { kind: 'unavailable', hint: 'is the endpoint right, and may this machine reach it?' },
  ERR_S3_UNAVAILABLE: { kind: 'unavailable', hint: 'the store says so itself; try again later' },
  ERR_S3_DENIED: {
    kind: 'permission-denied',
    hint: 'docs/collector.md lists what the key must be allowed; the clock of this machine must be right, too',
  },
  ERR_S3_NOT_FOUND: {
    kind: 'not-found',
    hint: 'make the bucket first; with object lock where objects are to be locked',
  },
  ERR_S3_REFUSED: { kind: 'unknown' },
  ERR_S3_PROTOCOL: { kind: 'unknown', hint: 'is it a store that speaks S3?' },
  ERR_S3_TAKEN: {
    kind: 'already-exists',
    hint: 'something else lies under that name, and is never overwritten; look at it, or give another prefix',
  },
  ERR_S3_NOT_LOCKED: {
    kind: 'failed-precondition',
    hint: 'the bucket must have been made with object lock, and the key be allowed to see retention',
  },
  ERR_S3_CHECKSUM: { kind: 'data-loss', hint: 'what the store has is not what was sent; it is sent anew' },
});
