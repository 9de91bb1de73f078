/** PodSandboxStatus (CRI v1). */

import { type SandboxRecord, sinkholeState } from '@stillframe/runtime';
import { containerStatusView } from './container-view.ts';
import type { RuntimeRpc } from './rpc.ts';
import { namespaceOptions, sandboxView } from './sandbox-view.ts';

export const podSandboxStatus: RuntimeRpc<'podSandboxStatus'> =
  (node) =>
  async ({ podSandboxId, verbose }) => {
    const record = node.sandbox(podSandboxId);
    const statuses = (await node.statuses()).filter((status) => status.record.sandboxID === record.id);
    const { namespaces, cgroupParent, network } = record;
    const sinkhole = verbose ? await sinkholeState(node.context, record) : undefined;
    const facts = { namespaces, cgroupParent, network, ...(sinkhole ? { sinkhole } : {}) };
    const info: Record<string, string> = verbose ? { info: JSON.stringify(facts) } : {};
    return {
      status: sandboxStatusView(record),
      info,
      containersStatuses: statuses.map(containerStatusView),
      timestamp: BigInt(Date.now()) * 1_000_000n,
    };
  };

/** Events carry it, too. */
export function sandboxStatusView(record: SandboxRecord) {
  return {
    ...sandboxView(record),
    network: networkOf(record),
    linux: { namespaces: { options: namespaceOptions(record) } },
  };
}

/** The pod's addresses while it has them; loopback's own where it has no other; none in the host's network. */
function networkOf({ namespaces, network, ready }: SandboxRecord) {
  if (namespaces.net === undefined || !ready) return { ip: '' };
  const [ip = '127.0.0.1', ...more] = network?.ips ?? [];
  return { ip, additionalIps: more.map((each) => ({ ip: each })) };
}
