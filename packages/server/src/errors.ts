/** Error codes of the desk, with the hints that go with them. */
import { errorTable } from '@stillframe/core';

export const deskError = errorTable({
  ERR_DESK_HOST: {
    kind: 'permission-denied',
    hint: 'open the address that `stillframe ui` prints: another name could be one of a stranger’s page',
  },
  ERR_DESK_ORIGIN: { kind: 'permission-denied', hint: 'another page may ask nothing of the desk' },
  ERR_DESK_TOKEN: {
    kind: 'unauthenticated',
    hint: 'an address of the desk works once; start `stillframe ui` again for another browser',
  },
  ERR_DESK_QUESTION: { kind: 'invalid-argument' },
  ERR_DESK_NOT_FOUND: { kind: 'not-found' },
  ERR_DESK_METHOD: { kind: 'unimplemented', hint: 'what the desk shows is read; only few things are posted' },
  ERR_DESK_NO_NODE: {
    kind: 'not-found',
    hint: 'start one with `stillframe node up`, then `stillframe ui` again; `--cri SOCKET` names another runtime',
  },
  ERR_DESK_NOT_RUNNING: { kind: 'failed-precondition', hint: 'only what runs can be checkpointed' },
  ERR_DESK_SANDBOX: { kind: 'failed-precondition', hint: 'restore on a node of Stillframe' },
  ERR_DESK_NOT_A_COPY: {
    kind: 'permission-denied',
    hint: 'restore a copy: what is typed there changes nothing of the original',
  },
  ERR_DESK_BUSY: { kind: 'failed-precondition', hint: 'wait until that is over, or call it off' },
  ERR_DESK_STOPPED: { kind: 'cancelled' },
  ERR_DESK_TOO_LARGE: { kind: 'resource-exhausted' },
  ERR_DESK_PORT: { kind: 'unavailable', hint: 'leave --port out: the system then gives one that is free' },
});
