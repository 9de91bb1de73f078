import type { RuntimeRpc } from './rpc.ts';

/** For the runtime's information: kubelet itself sets the limits of the pod's cgroup. */
export const updatePodSandboxResources: RuntimeRpc<'updatePodSandboxResources'> =
  (node) =>
  async ({ podSandboxId }) => {
    node.sandbox(podSandboxId);
    return {};
  };
