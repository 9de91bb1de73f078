/** Figures from cgroup v1 (kernel: admin-guide/cgroup-v1). */
import type { CgroupFolder } from './cgroup-folder.ts';
import type { CpuFigures, DeviceIo, MemoryFigures } from './figures.ts';

/** Nanoseconds of one tick of cpuacct.stat: USER_HZ is 100 on every architecture that matters here. */
const TICK = 10_000_000n;
/** Where no limit is set the kernel tells the largest multiple of a page below 2^63. */
const NO_LIMIT = 1n << 62n;

export async function cpuV1(folder: CgroupFolder): Promise<CpuFigures> {
  const [usage, split, quota] = await Promise.all([
    folder.number('cpuacct', 'cpuacct.usage'),
    folder.table('cpuacct', 'cpuacct.stat'),
    folder.table('cpu', 'cpu.stat'),
  ]);
  const ticks = (name: string) => {
    const value = split.get(name);
    return value === undefined ? undefined : value * TICK;
  };
  return given({
    usage,
    user: ticks('user'),
    system: ticks('system'),
    periods: quota.get('nr_periods'),
    throttledPeriods: quota.get('nr_throttled'),
    throttledTime: quota.get('throttled_time'),
  });
}

export async function memoryV1(folder: CgroupFolder): Promise<MemoryFigures> {
  const [usage, peak, limit, hits, kernel, facts, oom] = await Promise.all([
    folder.number('memory', 'memory.usage_in_bytes'),
    folder.number('memory', 'memory.max_usage_in_bytes'),
    folder.number('memory', 'memory.limit_in_bytes'),
    folder.number('memory', 'memory.failcnt'),
    folder.number('memory', 'memory.kmem.usage_in_bytes'),
    folder.table('memory', 'memory.stat'),
    folder.table('memory', 'memory.oom_control'),
  ]);
  // The plain names leave out what processes in cgroups below use.
  const total = (name: string) => facts.get(`total_${name}`) ?? facts.get(name);
  return given({
    usage,
    workingSet: workingSet(usage, total('inactive_file')),
    rss: total('rss'),
    cache: total('cache'),
    mappedFile: total('mapped_file'),
    kernel,
    swap: total('swap'),
    peak,
    limit: limit !== undefined && limit < NO_LIMIT ? limit : undefined,
    limitHits: hits,
    pageFaults: total('pgfault'),
    majorPageFaults: total('pgmajfault'),
    oomKills: oom.get('oom_kill'),
  });
}

export async function ioV1(folder: CgroupFolder): Promise<DeviceIo[]> {
  const devices = new Map<string, DeviceIo>();
  const files = [
    ['blkio.throttle.io_service_bytes_recursive', 'readBytes', 'writeBytes'],
    ['blkio.throttle.io_serviced_recursive', 'reads', 'writes'],
  ] as const;
  for (const [file, read, write] of files) {
    for (const line of ((await folder.text('blkio', file)) ?? '').split('\n')) {
      const [device = '', kind = '', value = ''] = line.split(' ');
      if (!/^\d+:\d+$/.test(device) || !/^\d{1,20}$/.test(value)) continue;
      const row = devices.get(device) ?? { device, readBytes: 0n, writeBytes: 0n, reads: 0n, writes: 0n };
      if (kind === 'Read') row[read] = BigInt(value);
      if (kind === 'Write') row[write] = BigInt(value);
      devices.set(device, row);
    }
  }
  return [...devices.values()];
}

/** Never below zero: the two files are not read at one instant. */
export function workingSet(usage: bigint | undefined, inactiveFile: bigint | undefined): bigint | undefined {
  if (usage === undefined) return undefined;
  const idle = inactiveFile ?? 0n;
  return usage > idle ? usage - idle : 0n;
}

/** Without the members that are undefined. */
export function given<T extends object>(members: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
