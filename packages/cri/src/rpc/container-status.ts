import { containerInfo, containerStatusView } from './container-view.ts';
import type { RuntimeRpc } from './rpc.ts';

export const containerStatus: RuntimeRpc<'containerStatus'> =
  (node) =>
  async ({ containerId, verbose }) => {
    const found = await node.status(containerId);
    return { status: containerStatusView(found), info: verbose ? containerInfo(found) : {} };
  };
