import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/kubelet. */
export const kubeletError = errorTable({
  ERR_KUBELET_PKI_DAMAGED: {
    kind: 'failed-precondition',
    hint: 'move the PKI folder away; new keys and certificates are made at the next start',
  },
  ERR_KUBELET_PATH_RELATIVE: { kind: 'invalid-argument', hint: 'give an absolute path' },
  ERR_KUBELET_ADDRESS_IN_USE: {
    kind: 'unavailable',
    hint: 'another kubelet or node listens there; stop it or choose another port',
  },
  ERR_KUBELET_TIME_NEGATIVE: { kind: 'invalid-argument' },
  ERR_KUBELET_CONTAINER_NOT_RUNNING: { kind: 'failed-precondition' },
  ERR_KUBELET_NAME_TAKEN: { kind: 'resource-exhausted', hint: 'too many captures of one container at a time' },
});
