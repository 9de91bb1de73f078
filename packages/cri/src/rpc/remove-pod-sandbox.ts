import type { RuntimeRpc } from './rpc.ts';

export const removePodSandbox: RuntimeRpc<'removePodSandbox'> =
  (node) =>
  async ({ podSandboxId }) => {
    await node.removeSandbox(podSandboxId);
    return {};
  };
