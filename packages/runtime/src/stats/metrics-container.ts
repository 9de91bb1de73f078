/** Metrics of what a container uses: processor, memory, devices, files, processes, pressure. */
import type { DeviceIo, PressureRow } from './figures.ts';
import type { MetricRow, MetricValue } from './metrics.ts';
import type { ContainerDetail } from './stats-reader.ts';

type Row = MetricRow<ContainerDetail>;
type Value = bigint | number | undefined;

const NANOSECONDS = 1_000_000_000n;
const MICROSECONDS = 1_000_000n;

/** A row of one value, which this host may not tell. */
export function single(
  kind: Row['kind'],
  name: string,
  help: string,
  value: (source: ContainerDetail) => Value,
  label?: readonly [name: string, value: string],
): Row {
  const values = (source: ContainerDetail): MetricValue[] => {
    const found = value(source);
    if (found === undefined) return [];
    return [{ value: BigInt(found), ...(label ? { labels: [label[1]] } : {}) }];
  };
  return { name: `container_${name}`, help, kind, labels: label ? [label[0]] : [], values };
}

const seconds = (nanoseconds: bigint | undefined) =>
  nanoseconds === undefined ? undefined : nanoseconds / NANOSECONDS;

const cpu: readonly Row[] = [
  single('counter', 'cpu_usage_seconds_total', 'Processor time used.', (s) => seconds(s.cgroup?.cpu.usage), [
    'cpu',
    'total',
  ]),
  single('counter', 'cpu_user_seconds_total', 'Processor time in programs.', (s) => seconds(s.cgroup?.cpu.user)),
  single('counter', 'cpu_system_seconds_total', 'Processor time in the kernel.', (s) => seconds(s.cgroup?.cpu.system)),
  single('counter', 'cpu_cfs_periods_total', 'Periods of the quota that are over.', (s) => s.cgroup?.cpu.periods),
  single(
    'counter',
    'cpu_cfs_throttled_periods_total',
    'Periods in which the quota was used up.',
    (s) => s.cgroup?.cpu.throttledPeriods,
  ),
  single('counter', 'cpu_cfs_throttled_seconds_total', 'Time waited for the quota.', (s) =>
    seconds(s.cgroup?.cpu.throttledTime),
  ),
];

const memory: readonly Row[] = [
  single('gauge', 'memory_cache', 'Bytes of file pages.', (s) => s.cgroup?.memory.cache),
  single('gauge', 'memory_rss', 'Bytes of anonymous pages.', (s) => s.cgroup?.memory.rss),
  single('gauge', 'memory_mapped_file', 'Bytes of mapped files.', (s) => s.cgroup?.memory.mappedFile),
  single('gauge', 'memory_kernel_usage', 'Bytes of kernel memory.', (s) => s.cgroup?.memory.kernel),
  single('gauge', 'memory_swap', 'Bytes swapped out.', (s) => s.cgroup?.memory.swap),
  single('gauge', 'memory_usage_bytes', 'Bytes in use, file pages among them.', (s) => s.cgroup?.memory.usage),
  single('gauge', 'memory_max_usage_bytes', 'Most bytes ever in use.', (s) => s.cgroup?.memory.peak),
  single(
    'gauge',
    'memory_working_set_bytes',
    'Bytes in use without idle file pages.',
    (s) => s.cgroup?.memory.workingSet,
  ),
  single('counter', 'memory_failcnt', 'How often the limit was hit.', (s) => s.cgroup?.memory.limitHits),
  {
    name: 'container_memory_failures_total',
    help: 'Page faults.',
    kind: 'counter',
    labels: ['failure_type', 'scope'],
    values: ({ cgroup }) =>
      (['pgfault', 'pgmajfault'] as const).flatMap((type) => {
        const value = type === 'pgfault' ? cgroup?.memory.pageFaults : cgroup?.memory.majorPageFaults;
        return value === undefined ? [] : ['container', 'hierarchy'].map((scope) => ({ labels: [type, scope], value }));
      }),
  },
  single('counter', 'oom_events_total', 'Processes killed for want of memory.', (s) => s.cgroup?.memory.oomKills),
];

function perDevice(name: string, help: string, field: Exclude<keyof DeviceIo, 'device'>): Row {
  const values = ({ cgroup }: ContainerDetail) =>
    (cgroup?.io ?? []).map((each) => ({ labels: [each.device], value: each[field] }));
  return { name: `container_fs_${name}`, help, kind: 'counter', labels: ['device'], values };
}

const files: readonly Row[] = [
  {
    name: 'container_blkio_device_usage_total',
    help: 'Bytes read from and written to a device.',
    kind: 'counter',
    labels: ['device', 'major', 'minor', 'operation'],
    values: ({ cgroup }) =>
      (cgroup?.io ?? []).flatMap(({ device, readBytes, writeBytes }) => {
        const [major = '', minor = ''] = device.split(':');
        return [
          { labels: [device, major, minor, 'Read'], value: readBytes },
          { labels: [device, major, minor, 'Write'], value: writeBytes },
        ];
      }),
  },
  perDevice('reads_bytes_total', 'Bytes read.', 'readBytes'),
  perDevice('reads_total', 'Reads.', 'reads'),
  perDevice('writes_bytes_total', 'Bytes written.', 'writeBytes'),
  perDevice('writes_total', 'Writes.', 'writes'),
  onDisk('usage_bytes', 'Bytes that the container has written.', (s) => s.writable.bytes),
  onDisk('limit_bytes', 'Bytes of the filesystem that it writes to.', (s) => s.disk.bytes),
  onDisk('inodes_total', 'Inodes of that filesystem.', (s) => s.disk.inodes),
  onDisk('inodes_free', 'Inodes of it that are free.', (s) => s.disk.inodesFree),
];

function onDisk(name: string, help: string, value: (source: ContainerDetail) => bigint): Row {
  const values = (source: ContainerDetail) => [{ labels: [source.writableFolder], value: value(source) }];
  return { name: `container_fs_${name}`, help, kind: 'gauge', labels: ['device'], values };
}

const processes: readonly Row[] = [
  single('gauge', 'processes', 'Processes.', (s) => s.processes.processes),
  single('gauge', 'threads', 'Threads.', (s) => s.processes.threads),
  single('gauge', 'file_descriptors', 'Open file descriptors.', (s) => s.processes.descriptors),
  single('gauge', 'sockets', 'Open sockets.', (s) => s.processes.sockets),
  single('gauge', 'last_seen', 'When these figures were read, seconds since 1970.', () =>
    Math.floor(Date.now() / 1000),
  ),
  single('gauge', 'start_time_seconds', 'When the container was started, seconds since 1970.', ({ status }) => {
    const { startedAt, createdAt } = status.record;
    return BigInt(startedAt ?? createdAt) / NANOSECONDS;
  }),
];

function pressure(what: 'cpu' | 'memory' | 'io', word: 'waiting' | 'stalled', which: 'some' | 'full'): Row {
  const total = (row: PressureRow | undefined) => (row === undefined ? undefined : row.total / MICROSECONDS);
  const who = which === 'some' ? 'some' : 'all';
  return single('counter', `pressure_${what}_${word}_seconds_total`, `Time in which ${who} tasks waited.`, (s) =>
    total(s.cgroup?.pressure[what]?.[which]),
  );
}

const pressures: readonly Row[] = (['cpu', 'io', 'memory'] as const).flatMap((what) => [
  pressure(what, 'stalled', 'full'),
  pressure(what, 'waiting', 'some'),
]);

export const containerMetrics: readonly Row[] = [...cpu, ...memory, ...files, ...processes, ...pressures];
