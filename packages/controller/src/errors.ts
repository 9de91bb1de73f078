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
  ERR_CONTROLLER_MANY: {
    kind: 'resource-exhausted',
    hint: 'give Checkpoints a retention, so that old ones go; from Kubernetes 1.31 on only those of one pod are read',
  },
});
