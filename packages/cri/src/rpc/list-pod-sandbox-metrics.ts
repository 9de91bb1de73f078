/** ListPodSandboxMetrics (CRI v1): the values under the names that ListMetricDescriptors gives. */
import { type Metric, sandboxMetrics } from '@stillframe/runtime';
import { MetricType } from '../proto.ts';
import type { RuntimeRpc } from './rpc.ts';

export const listPodSandboxMetrics: RuntimeRpc<'listPodSandboxMetrics'> = (node) => async () => {
  const ready = node.sandboxes().filter((sandbox) => sandbox.ready);
  const all = await Promise.all(
    ready.map(async (sandbox) => sandboxMetrics(node.stats, await node.stats.sandbox(sandbox))),
  );
  const timestamp = BigInt(Date.now()) * 1_000_000n;
  const view = ({ name, kind, labels, value }: Metric) => ({
    name,
    timestamp,
    metricType: kind === 'counter' ? MetricType.COUNTER : MetricType.GAUGE,
    labelValues: labels,
    value: { value },
  });
  return {
    podMetrics: all.map(({ sandboxID, metrics, containers }) => ({
      podSandboxId: sandboxID,
      metrics: metrics.map(view),
      containerMetrics: containers.map((each) => ({
        containerId: each.containerID,
        metrics: each.metrics.map(view),
      })),
    })),
  };
};
