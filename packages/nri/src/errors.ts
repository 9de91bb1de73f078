import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/nri. */
export const nriError = errorTable({
  ERR_NRI_SOCKET: { kind: 'failed-precondition', hint: '`nri.socket` of the configuration names another place' },
  ERR_NRI_PROTOCOL: { kind: 'internal' },
  ERR_NRI_REGISTRATION: { kind: 'invalid-argument' },
  ERR_NRI_CLOSED: { kind: 'unavailable' },
  ERR_NRI_TIMEOUT: {
    kind: 'deadline-exceeded',
    hint: '`nri.requestTimeout` and `nri.registrationTimeout` of the configuration give plugins more time',
  },
  ERR_NRI_TOO_LARGE: { kind: 'resource-exhausted' },
  ERR_NRI_REFUSED: { kind: 'failed-precondition', hint: 'the log of the plugin says why; without the plugin it works' },
  ERR_NRI_CONFLICT: { kind: 'failed-precondition', hint: 'let only one of the two plugins set it' },
  ERR_NRI_ADJUSTMENT: { kind: 'failed-precondition', hint: 'the plugin must not ask for this on this node' },
});
