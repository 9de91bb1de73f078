/** What the callers of this package can get wrong. What is wrong with an image is a diagnostic instead. */
import { errorTable } from '@stillframe/core';

export const criuError = errorTable({
  ERR_CRIU_IMAGE_NOT_FRAMED: { kind: 'invalid-argument' },
  ERR_CRIU_EDIT_NOT_STORED: {
    kind: 'failed-precondition',
    hint: 'only what the dump stored of a process can be changed',
  },
  ERR_CRIU_EDIT_DAMAGED: { kind: 'data-loss', hint: 'an image that cannot be read whole cannot be written anew' },
});
