/** Figures of containers and pods as the CRI shows them. What the host does not tell is left out. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type CgroupFigures,
  type ContainerFigures,
  defaultInterface,
  type InterfaceFigures,
  type Pressure,
  type SandboxFigures,
} from '@stillframe/runtime';
import type {
  ContainerStatsSchema,
  CpuUsageSchema,
  MemoryUsageSchema,
  NetworkInterfaceUsageSchema,
  PodSandboxStatsSchema,
  PsiStatsSchema,
} from '../proto.ts';

const wrapped = (value: bigint | undefined) => (value === undefined ? {} : { value });

/** A wrapper message under `name`, or nothing where there is no value. */
function optional<Name extends string>(name: Name, value: bigint | undefined): { [K in Name]?: { value: bigint } } {
  return value === undefined ? {} : ({ [name]: wrapped(value) } as { [K in Name]?: { value: bigint } });
}

export function containerStatsView(figures: ContainerFigures) {
  const { status, cgroup, writable, writableFolder } = figures;
  const { id, name, attempt, labels, annotations } = status.record;
  return {
    attributes: { id, metadata: { name, attempt }, labels, annotations },
    writableLayer: {
      timestamp: writable.at,
      fsId: { mountpoint: writableFolder },
      usedBytes: { value: writable.bytes },
      inodesUsed: { value: writable.inodes },
    },
    ...(cgroup
      ? {
          cpu: cpuView(cgroup, figures.cpuRate),
          memory: memoryView(cgroup),
          swap: { timestamp: cgroup.at, ...optional('swapUsageBytes', cgroup.memory.swap) },
          io: { timestamp: cgroup.at, ...psi(cgroup.pressure.io) },
        }
      : {}),
  } satisfies MessageInitShape<typeof ContainerStatsSchema>;
}

function cpuView({ at, cpu, pressure }: CgroupFigures, rate: bigint | undefined) {
  return {
    timestamp: at,
    ...optional('usageCoreNanoSeconds', cpu.usage),
    ...optional('usageNanoCores', rate),
    ...psi(pressure.cpu),
  } satisfies MessageInitShape<typeof CpuUsageSchema>;
}

function memoryView({ at, memory, pressure }: CgroupFigures) {
  const { limit, workingSet } = memory;
  const bounded = limit !== undefined && workingSet !== undefined;
  const available = bounded ? (limit > workingSet ? limit - workingSet : 0n) : undefined;
  return {
    timestamp: at,
    ...optional('workingSetBytes', workingSet),
    ...optional('availableBytes', available),
    ...optional('usageBytes', memory.usage),
    ...optional('rssBytes', memory.rss),
    ...optional('pageFaults', memory.pageFaults),
    ...optional('majorPageFaults', memory.majorPageFaults),
    ...psi(pressure.memory),
  } satisfies MessageInitShape<typeof MemoryUsageSchema>;
}

/** Nanoseconds on the wire; the kernel tells microseconds. */
function psi(pressure: Pressure | undefined): { psi?: MessageInitShape<typeof PsiStatsSchema> } {
  if (!pressure) return {};
  const row = ({ total, avg10, avg60, avg300 }: Pressure['some']) => ({
    Total: total * 1000n,
    Avg10: avg10,
    Avg60: avg60,
    Avg300: avg300,
  });
  return { psi: { Some: row(pressure.some), Full: row(pressure.full) } };
}

/** A pod's figures are the sums of its containers': a cgroup parent may hold other pods, too. */
export function sandboxStatsView({ sandbox, at, containers, interfaces }: SandboxFigures) {
  const { name, uid, kubeNamespace, attempt } = sandbox.identity;
  const all = containers.flatMap(({ cgroup }) => (cgroup ? [cgroup] : []));
  const main = defaultInterface(interfaces);
  return {
    attributes: {
      id: sandbox.id,
      metadata: { name, uid, namespace: kubeNamespace, attempt },
      labels: sandbox.labels,
      annotations: sandbox.annotations,
    },
    linux: {
      cpu: {
        timestamp: at,
        usageCoreNanoSeconds: { value: sum(all, ({ cpu }) => cpu.usage) },
        ...optional('usageNanoCores', rateOf(containers)),
      },
      memory: {
        timestamp: at,
        workingSetBytes: { value: sum(all, ({ memory }) => memory.workingSet) },
        usageBytes: { value: sum(all, ({ memory }) => memory.usage) },
        rssBytes: { value: sum(all, ({ memory }) => memory.rss) },
        pageFaults: { value: sum(all, ({ memory }) => memory.pageFaults) },
        majorPageFaults: { value: sum(all, ({ memory }) => memory.majorPageFaults) },
      },
      process: { timestamp: at, processCount: { value: sum(all, ({ processes }) => processes) } },
      network: {
        timestamp: at,
        ...(main ? { defaultInterface: interfaceView(main) } : {}),
        interfaces: interfaces.filter((each) => each !== main).map(interfaceView),
      },
      containers: containers.map(containerStatsView),
    },
  } satisfies MessageInitShape<typeof PodSandboxStatsSchema>;
}

function sum(all: readonly CgroupFigures[], part: (figures: CgroupFigures) => bigint | undefined): bigint {
  return all.reduce((total, figures) => total + (part(figures) ?? 0n), 0n);
}

/** Known once it is known of every container. */
function rateOf(containers: readonly ContainerFigures[]): bigint | undefined {
  const rates = containers.filter(({ cgroup }) => cgroup).map(({ cpuRate }) => cpuRate);
  return rates.reduce<bigint | undefined>(
    (total, rate) => (total === undefined || rate === undefined ? undefined : total + rate),
    0n,
  );
}

function interfaceView({ name, rxBytes, rxErrors, txBytes, txErrors }: InterfaceFigures) {
  return {
    name,
    rxBytes: { value: rxBytes },
    rxErrors: { value: rxErrors },
    txBytes: { value: txBytes },
    txErrors: { value: txErrors },
  } satisfies MessageInitShape<typeof NetworkInterfaceUsageSchema>;
}
