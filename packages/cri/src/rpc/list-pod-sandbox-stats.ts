import { idMatches, labelsMatch } from './filter.ts';
import type { RuntimeRpc } from './rpc.ts';
import { sandboxStatsView } from './stats-view.ts';

export const listPodSandboxStats: RuntimeRpc<'listPodSandboxStats'> =
  (node) =>
  async ({ filter }) => {
    const sandboxes = node
      .sandboxes()
      .filter(({ id, labels }) => idMatches(id, filter?.id) && labelsMatch(labels, filter?.labelSelector ?? {}))
      .filter(({ ready }) => ready);
    const figures = await Promise.all(sandboxes.map((sandbox) => node.stats.sandbox(sandbox)));
    return { stats: figures.map(sandboxStatsView) };
  };
