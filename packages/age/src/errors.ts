import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/age. */
export const ageError = errorTable({
  ERR_AGE_SEALED: {
    kind: 'failed-precondition',
    hint: 'give the file with the identity of one of them: --identity FILE',
  },
  ERR_AGE_IDENTITIES_WRONG: {
    kind: 'permission-denied',
    hint: 'it takes the identity of one of those that it was sealed for',
  },
  ERR_AGE_DAMAGED: { kind: 'data-loss', hint: 'the file was changed after it was sealed; copy it again' },
  ERR_AGE_TRUNCATED: { kind: 'data-loss', hint: 'the file was cut off while being written or copied; copy it again' },
  ERR_AGE_HEADER_INVALID: { kind: 'data-loss', hint: 'the file is damaged, or was not made by age' },
  ERR_AGE_UNSUPPORTED: { kind: 'unimplemented' },
  ERR_AGE_KEY_INVALID: {
    kind: 'invalid-argument',
    hint: '`age-keygen -o FILE` makes an identity, and tells the recipient that goes with it',
  },
});
