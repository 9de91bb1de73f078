/** What the callers of this package can get wrong. What is wrong with an image is a diagnostic instead. */
import { errorTable } from '@stillframe/core';

export const criuError = errorTable({
  ERR_CRIU_IMAGE_NOT_FRAMED: { kind: 'invalid-argument' },
  /** A payload is longer or shorter than its message says, or has a name that the kind does not know. */
  ERR_CRIU_IMAGE_PAYLOAD_MISMATCH: {
    kind: 'invalid-argument',
    hint: 'change the size in the message together with `extra`',
  },
  /** Messages in an order that the kind does not have, or a required field that is missing. */
  ERR_CRIU_IMAGE_ENTRY_INVALID: { kind: 'invalid-argument' },
  /** No magic that CRIU 4.2 knows. */
  ERR_CRIU_IMAGE_UNRECOGNISED: {
    kind: 'invalid-argument',
    hint: 'of an archive name one image, such as a.tar:core-1.img; pages-*, tmpfs-*.tar.gz and dumps of ip and iptables have no messages',
  },
  ERR_CRIT_JSON_INVALID: {
    kind: 'invalid-argument',
    hint: '`stillframe image-set decode` of an image of that kind shows how it is written',
  },
  ERR_CRIU_EDIT_NOT_STORED: {
    kind: 'failed-precondition',
    hint: 'only what the dump stored of a process can be changed',
  },
  ERR_CRIU_EDIT_SCATTERED: { kind: 'resource-exhausted', hint: 'leave its pages as they are' },
  ERR_CRIU_EDIT_DAMAGED: { kind: 'data-loss', hint: 'an image that cannot be read whole cannot be written anew' },
});
