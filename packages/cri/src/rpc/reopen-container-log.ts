import { required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';

export const reopenContainerLog: RuntimeRpc<'reopenContainerLog'> =
  (node) =>
  async ({ containerId }) => {
    await node.reopenLog(required(containerId, 'container_id'));
    return {};
  };
