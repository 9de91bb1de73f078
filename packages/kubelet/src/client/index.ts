/** Speaking to kubelets. */

export { archiveIn } from './answer.ts';
export { type KubeletClient, type KubeletClientOptions, LEAST_TIMEOUT, openKubeletClient } from './kubelet-client.ts';
