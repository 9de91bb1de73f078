import type { RuntimeRpc } from './rpc.ts';

export const removeContainer: RuntimeRpc<'removeContainer'> =
  (node) =>
  async ({ containerId }) => {
    await node.removeContainer(containerId);
    return {};
  };
