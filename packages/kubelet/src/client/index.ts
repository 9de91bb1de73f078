/** Speaking to kubelets. */

export { type KubeletClient, type KubeletClientOptions, LEAST_TIMEOUT, openKubeletClient } from './kubelet-client.ts';
