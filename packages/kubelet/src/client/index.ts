/** Speaking to kubelets. */

export { clientError } from './errors.ts';
export {
  type KubeletAddress,
  type KubeletClient,
  type KubeletClientOptions,
  type KubeletContainer,
  type KubeletPod,
  LEAST_TIMEOUT,
  openKubeletClient,
} from './kubelet-client.ts';
