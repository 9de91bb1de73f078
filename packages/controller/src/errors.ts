import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/controller. */
export const controllerError = errorTable({
  ERR_CONTROLLER_LISTEN: {
    kind: 'failed-precondition',
    hint: 'name another address with --health or --webhook, or end what listens there',
  },
  ERR_CONTROLLER_TOKEN: {
    kind: 'invalid-argument',
    hint: 'make one with `openssl rand -hex 32` and put it into a Secret that is mounted as that file',
  },
});
