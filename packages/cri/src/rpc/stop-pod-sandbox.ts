import type { RuntimeRpc } from './rpc.ts';

export const stopPodSandbox: RuntimeRpc<'stopPodSandbox'> =
  (node) =>
  async ({ podSandboxId }) => {
    await node.stopSandbox(podSandboxId);
    return {};
  };
