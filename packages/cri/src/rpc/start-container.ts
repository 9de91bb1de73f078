import type { RuntimeRpc } from './rpc.ts';

export const startContainer: RuntimeRpc<'startContainer'> =
  (node) =>
  async ({ containerId }) => {
    await node.startContainer(containerId);
    return {};
  };
