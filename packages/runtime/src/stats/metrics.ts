/**
 * The metrics of pods and containers under the names that cAdvisor gave them, which kubelet serves and dashboards know.
 * The CRI carries whole numbers only, so times are whole seconds.
 */
import { containerMetrics } from './metrics-container.ts';
import { limitMetrics } from './metrics-limits.ts';
import type { ContainerDetail, SandboxFigures, StatsReader } from './stats-reader.ts';

export interface MetricRow<Source> {
  name: string;
  help: string;
  kind: 'counter' | 'gauge';
  /** Labels besides those that every metric has. */
  labels: readonly string[];
  /** Empty where this host does not tell. */
  values: (source: Source) => readonly MetricValue[];
}

export interface MetricValue {
  /** In the order of the row's labels. */
  labels?: readonly string[];
  value: bigint;
}

/** One value under its name, `labels` in the order of the descriptor. */
export interface Metric {
  name: string;
  kind: 'counter' | 'gauge';
  labels: string[];
  value: bigint;
}

export interface SandboxMetrics {
  sandboxID: string;
  metrics: Metric[];
  containers: { containerID: string; metrics: Metric[] }[];
}

/** Labels of every metric, in this order. */
const SHARED = ['id', 'name', 'image', 'container', 'pod', 'namespace'] as const;

const network = (direction: 'receive' | 'transmit', what: string, help: string, field: NetworkField) => ({
  name: `container_network_${direction}_${what}_total`,
  help,
  kind: 'counter' as const,
  labels: ['interface'],
  values: ({ interfaces }: SandboxFigures) => interfaces.map((each) => ({ labels: [each.name], value: each[field] })),
});
type NetworkField = Exclude<keyof SandboxFigures['interfaces'][number], 'name'>;

const SANDBOX_ROWS: readonly MetricRow<SandboxFigures>[] = [
  network('receive', 'bytes', 'Bytes received.', 'rxBytes'),
  network('receive', 'packets', 'Packets received.', 'rxPackets'),
  network('receive', 'packets_dropped', 'Packets dropped while receiving.', 'rxDropped'),
  network('receive', 'errors', 'Errors while receiving.', 'rxErrors'),
  network('transmit', 'bytes', 'Bytes sent.', 'txBytes'),
  network('transmit', 'packets', 'Packets sent.', 'txPackets'),
  network('transmit', 'packets_dropped', 'Packets dropped while sending.', 'txDropped'),
  network('transmit', 'errors', 'Errors while sending.', 'txErrors'),
];
const CONTAINER_ROWS: readonly MetricRow<ContainerDetail>[] = [...containerMetrics, ...limitMetrics];

/** Names, help and label names of all metrics; the same as long as the program is. */
export function metricDescriptors() {
  return [...SANDBOX_ROWS, ...CONTAINER_ROWS].map(({ name, help, labels }) => ({
    name,
    help,
    labels: [...SHARED, ...labels],
  }));
}

/** The metrics of one pod and its containers that have not ended. */
export async function sandboxMetrics(reader: StatsReader, figures: SandboxFigures): Promise<SandboxMetrics> {
  const { name, kubeNamespace } = figures.sandbox.identity;
  const ofPod = [figures.sandbox.id, name, '', 'POD', name, kubeNamespace];
  const containers = figures.containers.map(async (each) => {
    const { record } = each.status;
    const shared = [record.id, record.name, record.image.name, record.name, name, kubeNamespace];
    return { containerID: record.id, metrics: valuesOf(CONTAINER_ROWS, await reader.detail(each), shared) };
  });
  return {
    sandboxID: figures.sandbox.id,
    metrics: valuesOf(SANDBOX_ROWS, figures, ofPod),
    containers: await Promise.all(containers),
  };
}

function valuesOf<Source>(rows: readonly MetricRow<Source>[], source: Source, shared: readonly string[]): Metric[] {
  return rows.flatMap(({ name, kind, values }) =>
    values(source).map(({ labels = [], value }) => ({ name, kind, labels: [...shared, ...labels], value })),
  );
}
