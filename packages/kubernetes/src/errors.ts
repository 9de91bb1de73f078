import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/kubernetes. */
export const clusterError = errorTable({
  ERR_CLUSTER_KUBECONFIG: {
    kind: 'invalid-argument',
    hint: '`kubectl config get-contexts` lists the contexts; give another file with --kubeconfig',
  },
  ERR_CLUSTER_NO_CLUSTER: {
    kind: 'failed-precondition',
    hint: 'outside of a pod name a cluster with --context or --kubeconfig; in one, leave automountServiceAccountToken on',
  },
  ERR_CLUSTER_CREDENTIALS: {
    kind: 'unauthenticated',
    hint: 'log in to the cluster again; does `kubectl auth whoami` with the same context answer?',
  },
  ERR_CLUSTER_FORBIDDEN: {
    kind: 'permission-denied',
    hint: 'docs/kubernetes.md has the ClusterRole that a capture needs',
  },
  ERR_CLUSTER_UNREACHABLE: {
    kind: 'unavailable',
    hint: 'does `kubectl get --raw /readyz` with the same context answer?',
  },
  ERR_CLUSTER_UNTRUSTED: {
    kind: 'failed-precondition',
    hint: 'the certificate-authority of the kubeconfig’s cluster must be the one that signed the API server’s certificate',
  },
  ERR_CLUSTER_TIMEOUT: { kind: 'deadline-exceeded', hint: 'give it more time with --timeout' },
  ERR_CLUSTER_ANSWER: { kind: 'unknown', hint: 'is that a Kubernetes API server?' },
  ERR_CLUSTER_REFUSED: { kind: 'failed-precondition' },
  ERR_CLUSTER_NOT_FOUND: {
    kind: 'not-found',
    hint: '`kubectl get pods -A` with the same context lists what runs there',
  },
  ERR_CLUSTER_NOT_RUNNING: {
    kind: 'failed-precondition',
    hint: 'only a running container can be checkpointed; `kubectl describe pod` says what it waits for',
  },
  ERR_CLUSTER_AMBIGUOUS: {
    kind: 'invalid-argument',
    hint: 'name one as NAMESPACE/POD/CONTAINER, or give --all-containers',
  },
  ERR_CLUSTER_NODE_UNREACHABLE: {
    kind: 'unavailable',
    hint: 'the API server cannot reach the kubelet of that node; `kubectl get nodes` says whether it is ready',
  },
  ERR_CLUSTER_NODE_FORBIDS: {
    kind: 'permission-denied',
    hint: 'the API server’s own client certificate needs nodes/checkpoint on kubelets: bind the ClusterRole system:kubelet-api-admin to its user',
  },
  ERR_CLUSTER_NODE_NO_CHECKPOINTS: {
    kind: 'unimplemented',
    hint: 'turn on the feature gate ContainerCheckpoint in that node’s kubelet, and leave enableDebuggingHandlers on',
  },
  ERR_CLUSTER_NODE_NO_CRIU: {
    kind: 'failed-precondition',
    hint: 'the node’s runtime cannot checkpoint: install CRIU 4.2 or later there, and with CRI-O set enable_criu_support = true',
  },
  ERR_CLUSTER_CHECKPOINT_FAILED: {
    kind: 'unknown',
    hint: 'the log of the node’s kubelet, or of its runtime, says more',
  },
  ERR_CLUSTER_MOUNTS: {
    kind: 'failed-precondition',
    hint: 'name the pod that the checkpoint was taken of with --like',
  },
  ERR_CLUSTER_CONFLICT: { kind: 'aborted', hint: 'somebody changed it meanwhile; read it again' },
  ERR_CLUSTER_GONE: { kind: 'out-of-range', hint: 'list it again, and watch from there' },
  ERR_CLUSTER_EXISTS: { kind: 'already-exists', hint: 'choose another name with --name' },
  ERR_CLUSTER_NOT_READY: {
    kind: 'failed-precondition',
    hint: 'the copy was removed and the original runs on; the image stays, so the same command goes on from there',
  },
  ERR_CLUSTER_MIGRATION: { kind: 'invalid-argument', hint: 'name the state file that `stillframe migrate` wrote' },
  ERR_CLUSTER_MIGRATION_OPEN: {
    kind: 'unavailable',
    hint: 'look at the pods: original and copy may both be there, or the copy alone. The same command goes on once the API server answers',
  },
  ERR_CLUSTER_EXEC: { kind: 'unknown' },
  ERR_CLUSTER_TRANSFER: {
    kind: 'data-loss',
    hint: 'nothing of it was kept; try again, the archive is on its node still',
  },
});
