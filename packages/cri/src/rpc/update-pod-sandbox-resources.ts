import { resourcesFrom } from './resources-view.ts';
import type { RuntimeRpc } from './rpc.ts';

/** For the runtime's information and its plugins': kubelet itself sets the limits of the pod's cgroup. */
export const updatePodSandboxResources: RuntimeRpc<'updatePodSandboxResources'> =
  (node) =>
  async ({ podSandboxId, overhead, resources }) => {
    await node.updateSandbox(podSandboxId, overhead && resourcesFrom(overhead), resources && resourcesFrom(resources));
    return {};
  };
