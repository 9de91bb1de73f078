import { idMatches, labelsMatch } from './filter.ts';
import type { RuntimeRpc } from './rpc.ts';
import { containerStatsView } from './stats-view.ts';

export const listContainerStats: RuntimeRpc<'listContainerStats'> =
  (node) =>
  async ({ filter }) => {
    const records = node.context.containers
      .list()
      .filter(({ id, sandboxID }) => idMatches(id, filter?.id) && idMatches(sandboxID, filter?.podSandboxId))
      .filter(({ labels }) => labelsMatch(labels, filter?.labelSelector ?? {}));
    return { stats: (await node.stats.containers(records)).map(containerStatsView) };
  };
