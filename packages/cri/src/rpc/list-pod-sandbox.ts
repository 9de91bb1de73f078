import { idMatches, labelsMatch } from './filter.ts';
import type { RuntimeRpc } from './rpc.ts';
import { sandboxView } from './sandbox-view.ts';

export const listPodSandbox: RuntimeRpc<'listPodSandbox'> =
  (node) =>
  async ({ filter }) => {
    const items = node
      .sandboxes()
      .map(sandboxView)
      .filter((item) => idMatches(item.id, filter?.id) && labelsMatch(item.labels, filter?.labelSelector ?? {}))
      .filter((item) => filter?.state === undefined || item.state === filter.state.state);
    return { items };
  };
