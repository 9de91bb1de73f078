import { required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';

export const checkpointContainer: RuntimeRpc<'checkpointContainer'> =
  (node) =>
  async ({ containerId, location, timeout }, { signal }) => {
    // Zero means no time of its own: then only the caller's deadline counts.
    const limit = timeout > 0n ? AbortSignal.any([signal, AbortSignal.timeout(Number(timeout) * 1000)]) : signal;
    await node.checkpointContainer(containerId, required(location, 'location'), { signal: limit });
    return {};
  };
