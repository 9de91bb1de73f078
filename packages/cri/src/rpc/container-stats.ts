import { required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';
import { containerStatsView } from './stats-view.ts';

export const containerStats: RuntimeRpc<'containerStats'> =
  (node) =>
  async ({ containerId }) => {
    const { record } = await node.status(required(containerId, 'container_id'));
    return { stats: containerStatsView(await node.stats.container(record)) };
  };
