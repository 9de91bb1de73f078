import { required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';

/** Seconds that a timer of Node.js can wait for; a longer one would fire at once. */
const LONGEST = 2_000_000;

export const checkpointContainer: RuntimeRpc<'checkpointContainer'> =
  (node) =>
  async ({ containerId, location, timeout }, { signal }) => {
    // Zero means no time of its own: then only the caller's deadline counts.
    const seconds = timeout > 0n ? Math.min(Number(timeout), LONGEST) : undefined;
    await node.checkpointContainer(containerId, required(location, 'location'), { signal, timeout: seconds });
    return {};
  };
