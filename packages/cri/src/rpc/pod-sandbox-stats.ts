import type { RuntimeRpc } from './rpc.ts';
import { sandboxStatsView } from './stats-view.ts';

export const podSandboxStats: RuntimeRpc<'podSandboxStats'> =
  (node) =>
  async ({ podSandboxId }) => ({ stats: sandboxStatsView(await node.stats.sandbox(node.sandbox(podSandboxId))) });
