import { errorTable } from './errors.ts';

/** Codes thrown by @stillframe/core. */
export const coreError = errorTable({
  ERR_BYTES_OUT_OF_RANGE: { kind: 'out-of-range', hint: 'the evidence is truncated or its lengths are wrong' },
  ERR_LIMIT_EXCEEDED: {
    kind: 'resource-exhausted',
    hint: 'the evidence claims more than a sound one does; it may be hostile',
  },
  ERR_DIGEST_INVALID: { kind: 'invalid-argument', hint: 'write a digest as sha256:<64 hexadecimal digits>' },
  ERR_ROLLBACK_INCOMPLETE: { kind: 'internal', hint: 'what is left is swept at the next start of the node' },
  ERR_FILE_UNREADABLE: { kind: 'not-found', hint: 'check the path' },
  ERR_FILE_EXISTS: { kind: 'already-exists', hint: 'name another file, or move the existing one away' },
  ERR_FILE_LOCKED: { kind: 'unavailable', hint: 'another process writes there; try again' },
  ERR_PATH_MISSING: { kind: 'not-found', hint: 'check the path' },
  ERR_PATH_TAKEN: { kind: 'already-exists', hint: 'give another name' },
  ERR_PATH_WRONG: { kind: 'invalid-argument', hint: 'check the path' },
  ERR_PATH_DENIED: { kind: 'permission-denied', hint: 'run as a user who may, or choose another place' },
  ERR_DISK_FULL: { kind: 'resource-exhausted', hint: 'free space there, or choose another place' },
  ERR_SYSTEM_REFUSED: { kind: 'unknown' },
});
