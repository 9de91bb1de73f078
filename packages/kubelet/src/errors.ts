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
  ERR_KUBELET_TIME_OVER: { kind: 'deadline-exceeded' },
  ERR_KUBELET_CONTAINER_NOT_RUNNING: { kind: 'failed-precondition' },
  ERR_KUBELET_NAME_TAKEN: { kind: 'resource-exhausted', hint: 'too many captures of one container at a time' },
  ERR_KUBELET_CAPTURES_BUSY: { kind: 'resource-exhausted' },
  ERR_KUBELET_FILE_UNSOUND: { kind: 'failed-precondition', hint: 'docs/kubelet-api.md says what it must look like' },
  ERR_KUBELET_KUBECONFIG: { kind: 'invalid-argument', hint: 'docs/kubelet-api.md says what of a kubeconfig is used' },
  ERR_KUBELET_CLUSTER: {
    kind: 'unavailable',
    hint: 'is the server of that kubeconfig up, and does it take its credentials?',
  },
  ERR_KUBELET_LOG_DAMAGED: { kind: 'data-loss' },
  ERR_KUBELET_AUDIT: { kind: 'unavailable', hint: 'make room for the audit log; without it nothing is done here' },
  ERR_KUBELET_MANIFEST: { kind: 'invalid-argument', hint: 'docs/pods.md lists what a manifest may say' },
  ERR_KUBELET_VOLUME: { kind: 'failed-precondition', hint: 'docs/pods.md says where volumes come from' },
  ERR_KUBELET_CONTAINER: { kind: 'failed-precondition', hint: 'docs/pods.md lists what a manifest may say' },
  ERR_KUBELET_USER_NAME: { kind: 'invalid-argument' },
});
