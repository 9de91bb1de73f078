/** What the callers of this package can get wrong. What is wrong with an image is a diagnostic instead. */
import { errorTable } from '@stillframe/core';

export const criuError = errorTable({
  ERR_CRIU_IMAGE_NOT_FRAMED: { kind: 'invalid-argument' },
});
