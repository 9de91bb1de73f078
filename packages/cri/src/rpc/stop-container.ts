import type { RuntimeRpc } from './rpc.ts';

export const stopContainer: RuntimeRpc<'stopContainer'> =
  (node) =>
  async ({ containerId, timeout }) => {
    await node.stopContainer(containerId, Number(timeout));
    return {};
  };
