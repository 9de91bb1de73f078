import { containerView } from './container-view.ts';
import { idMatches, labelsMatch } from './filter.ts';
import type { RuntimeRpc } from './rpc.ts';

export const listContainers: RuntimeRpc<'listContainers'> =
  (node) =>
  async ({ filter }) => {
    const containers = (await node.statuses())
      .map(containerView)
      .filter((item) => idMatches(item.id, filter?.id) && idMatches(item.podSandboxId, filter?.podSandboxId))
      .filter((item) => labelsMatch(item.labels, filter?.labelSelector ?? {}))
      .filter((item) => filter?.state === undefined || item.state === filter.state.state);
    return { containers };
  };
