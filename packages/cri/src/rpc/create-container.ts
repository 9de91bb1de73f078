import { containerRequest } from './container-request.ts';
import { required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';

export const createContainer: RuntimeRpc<'createContainer'> =
  (node) =>
  async ({ podSandboxId, config }, { signal }) => {
    const record = await node.createContainer(podSandboxId, containerRequest(required(config, 'config')), { signal });
    return { containerId: record.id };
  };
