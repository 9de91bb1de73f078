/** Metrics of what a container may use: what was asked for, and what the kernel holds it to. */
import type { MetricRow } from './metrics.ts';
import { single } from './metrics-container.ts';
import type { ContainerDetail } from './stats-reader.ts';

const asked = (source: ContainerDetail) => source.status.record.resources;

/** Of zero, which stands for no quota, nothing is told. */
const quota = (source: ContainerDetail) => asked(source).cpuQuota || undefined;

/** Large pages are not counted here: no host seen so far gives containers any. The names are known all the same. */
const none = () => undefined;

export const limitMetrics: readonly MetricRow<ContainerDetail>[] = [
  single('gauge', 'spec_cpu_period', 'Period of the quota in microseconds.', (s) => asked(s).cpuPeriod ?? 0),
  single('gauge', 'spec_cpu_quota', 'Processor time in each period in microseconds.', quota),
  single('gauge', 'spec_cpu_shares', 'Weight against other containers.', (s) => asked(s).cpuShares ?? 0),
  single('gauge', 'spec_memory_limit_bytes', 'Limit of memory.', (s) => asked(s).memoryLimitInBytes ?? 0),
  single('gauge', 'spec_memory_reservation_limit_bytes', 'Memory that is reserved.', () => 0),
  single('gauge', 'spec_memory_swap_limit_bytes', 'Limit of memory and swap.', (s) =>
    Math.max(0, asked(s).memorySwapLimitInBytes ?? 0),
  ),
  single('gauge', 'threads_max', 'Threads that there may be; zero for any number.', (s) => s.cgroup?.processLimit ?? 0),
  single('gauge', 'ulimits_soft', 'Soft limits of the first process.', (s) => s.processes.openFilesLimit, [
    'ulimit',
    'max_open_files',
  ]),
  single('gauge', 'hugetlb_usage_bytes', 'Bytes of large pages in use.', none, ['pagesize', '']),
  single('gauge', 'hugetlb_max_usage_bytes', 'Most bytes of large pages ever in use.', none, ['pagesize', '']),
];
