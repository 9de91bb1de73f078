import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/kubelet/client. */
export const clientError = errorTable({
  ERR_KUBELET_URL: {
    kind: 'invalid-argument',
    hint: 'name it as https://NODE:10250, or by way of an API server: https://HOST/api/v1/nodes/NODE:10250/proxy',
  },
  ERR_KUBELET_TOKEN: { kind: 'invalid-argument', hint: 'a token file holds one token, on one line' },
  ERR_KUBELET_UNREACHABLE: {
    kind: 'unavailable',
    hint: 'is that the node and its port (10250 as a rule), and may this machine reach it?',
  },
  ERR_KUBELET_UNTRUSTED: {
    kind: 'failed-precondition',
    hint: 'give the authority that signed the kubelet’s certificate with --ca; a kubelet without one signs for itself',
  },
  ERR_KUBELET_UNAUTHENTICATED: {
    kind: 'unauthenticated',
    hint: 'give a client certificate that the kubelet’s client authority signed (--cert, --key), or a token (--token-file)',
  },
  ERR_KUBELET_FORBIDDEN: {
    kind: 'permission-denied',
    hint: 'a ClusterRole with resources ["nodes/checkpoint"] and verbs ["create"] allows it; nodes/proxy does not',
  },
  ERR_KUBELET_NO_CHECKPOINTS: {
    kind: 'unimplemented',
    hint: 'turn on the kubelet’s feature gate ContainerCheckpoint, and leave enableDebuggingHandlers on',
  },
  ERR_KUBELET_NOT_FOUND: { kind: 'not-found', hint: '`stillframe pods --kubelet …` lists what runs there' },
  ERR_KUBELET_BUSY: { kind: 'resource-exhausted', hint: 'try again in a moment' },
  ERR_KUBELET_FAILED: { kind: 'unknown', hint: 'the log of the kubelet, or of its runtime, says more' },
  ERR_KUBELET_TIMEOUT: { kind: 'deadline-exceeded', hint: 'give it more time with --timeout' },
  ERR_KUBELET_ANSWER: { kind: 'unknown', hint: 'is that a kubelet?' },
});
