import { required } from './invalid.ts';
import { resourcesFrom } from './resources-view.ts';
import type { RuntimeRpc } from './rpc.ts';

export const updateContainerResources: RuntimeRpc<'updateContainerResources'> =
  (node) =>
  async ({ containerId, linux }) => {
    await node.updateContainer(required(containerId, 'container_id'), resourcesFrom(linux));
    return {};
  };
