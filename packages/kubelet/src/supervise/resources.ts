/** Limits of a container as a kubelet computes them (kubelet, cm/helpers and qos/policy). */
import type { Container, Pod } from '../manifest/pod-schema.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Microseconds. */
const PERIOD = 100_000;
const LEAST_QUOTA = 1000;
const [LEAST_SHARES, MOST_SHARES] = [2, 262_144];

/** What the CRI is told; zero: no limit. */
export interface Limits {
  cpuPeriod: bigint;
  cpuQuota: bigint;
  cpuShares: bigint;
  memoryLimitInBytes: bigint;
  oomScoreAdj: bigint;
  hugepageLimits: { pageSize: string; limit: bigint }[];
}

/** `memory`: bytes of the machine. */
export function limitsOf(container: Container, pod: Pod, memory: number): Limits {
  const { limits, requests } = container.resources;
  const cpu = requests?.cpu ?? limits?.cpu ?? 0;
  const most = limits?.cpu ?? 0;
  return {
    cpuPeriod: BigInt(most > 0 ? PERIOD : 0),
    cpuQuota: BigInt(most > 0 ? Math.max(LEAST_QUOTA, Math.trunc((most * PERIOD) / 1000)) : 0),
    cpuShares: BigInt(sharesOf(cpu)),
    memoryLimitInBytes: BigInt(limits?.memory ?? 0),
    oomScoreAdj: BigInt(oomScoreAdj(container, pod, memory)),
    hugepageLimits: Object.entries(limits?.hugePages ?? {}).map(([name, limit]) => ({
      pageSize: `${name.slice('hugepages-'.length)}B`.replace('iB', 'B'),
      limit: BigInt(limit),
    })),
  };
}

/** Shares of the CPU for thousandths of one. */
function sharesOf(milliCpu: number): number {
  return Math.min(MOST_SHARES, Math.max(LEAST_SHARES, Math.trunc((milliCpu * 1024) / 1000)));
}

/** Guaranteed: every container has limits of both, and asks for no less. BestEffort: none says anything. */
export function qosClass({ spec }: Pod): QosClass {
  const all = [...spec.initContainers, ...spec.containers].map(({ resources }) => resources);
  const amounts = all.flatMap(({ limits, requests }) => [limits?.cpu, limits?.memory, requests?.cpu, requests?.memory]);
  if (amounts.every((amount) => !amount)) return 'BestEffort';
  const whole = all.every(({ limits, requests }) =>
    (['cpu', 'memory'] as const).every((name) => limits?.[name] && (requests?.[name] ?? limits[name]) === limits[name]),
  );
  return whole ? 'Guaranteed' : 'Burstable';
}

/** Who is ended first where memory is short: from -997 (last) to 1000. */
function oomScoreAdj(container: Container, pod: Pod, memory: number): number {
  if (pod.spec.priorityClassName === 'system-node-critical') return -997;
  const qos = qosClass(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const { limits, requests } = container.resources;
  const share = 1000 - Math.trunc((1000 * (requests?.memory ?? limits?.memory ?? 0)) / memory);
  // 1000 is for BestEffort, and below 3 for Guaranteed.
  return Math.min(999, Math.max(3, share));
}
