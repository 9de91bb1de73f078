/** Figures from cgroup v2 (kernel: admin-guide/cgroup-v2.rst), and pressure, which only version 2 tells. */
import type { CgroupFolder } from './cgroup-folder.ts';
import { given, workingSet } from './cgroup-v1.ts';
import type { CpuFigures, DeviceIo, MemoryFigures, Pressure, PressureRow } from './figures.ts';

export async function cpuV2(folder: CgroupFolder): Promise<CpuFigures> {
  const facts = await folder.table('cpu', 'cpu.stat');
  const nanoseconds = (name: string) => {
    const value = facts.get(name);
    return value === undefined ? undefined : value * 1000n;
  };
  return given({
    usage: nanoseconds('usage_usec'),
    user: nanoseconds('user_usec'),
    system: nanoseconds('system_usec'),
    periods: facts.get('nr_periods'),
    throttledPeriods: facts.get('nr_throttled'),
    throttledTime: nanoseconds('throttled_usec'),
  });
}

export async function memoryV2(folder: CgroupFolder): Promise<MemoryFigures> {
  const [usage, peak, limit, swap, facts, events] = await Promise.all([
    folder.number('memory', 'memory.current'),
    folder.number('memory', 'memory.peak'),
    folder.number('memory', 'memory.max'),
    folder.number('memory', 'memory.swap.current'),
    folder.table('memory', 'memory.stat'),
    folder.table('memory', 'memory.events'),
  ]);
  return given({
    usage,
    workingSet: workingSet(usage, facts.get('inactive_file')),
    rss: facts.get('anon'),
    cache: facts.get('file'),
    mappedFile: facts.get('file_mapped'),
    kernel: facts.get('kernel'),
    swap,
    peak,
    limit,
    limitHits: events.get('max'),
    pageFaults: facts.get('pgfault'),
    majorPageFaults: facts.get('pgmajfault'),
    oomKills: events.get('oom_kill'),
  });
}

/** Lines `major:minor rbytes=… wbytes=… rios=… wios=…`. */
export async function ioV2(folder: CgroupFolder): Promise<DeviceIo[]> {
  const lines = ((await folder.text('io', 'io.stat')) ?? '').split('\n');
  return lines.flatMap((line) => {
    const [device = '', ...pairs] = line.trim().split(' ');
    if (!/^\d+:\d+$/.test(device)) return [];
    const fields = new Map(pairs.map((pair) => pair.split('=') as [string, string]));
    const number = (name: string) => (/^\d{1,20}$/.test(fields.get(name) ?? '') ? BigInt(fields.get(name) ?? 0) : 0n);
    return [
      {
        device,
        readBytes: number('rbytes'),
        writeBytes: number('wbytes'),
        reads: number('rios'),
        writes: number('wios'),
      },
    ];
  });
}

export async function pressureOf(folder: CgroupFolder, what: 'cpu' | 'memory' | 'io'): Promise<Pressure | undefined> {
  return parsePressure(await folder.unified(`${what}.pressure`));
}

/** Two lines `some|full avg10=… avg60=… avg300=… total=…` (kernel: accounting/psi.rst). */
export function parsePressure(text: string | undefined): Pressure | undefined {
  const some = pressureRow(text, 'some');
  const full = pressureRow(text, 'full');
  return some && { some, full: full ?? { total: 0n, avg10: 0, avg60: 0, avg300: 0 } };
}

function pressureRow(text: string | undefined, word: string): PressureRow | undefined {
  const [, rest] = new RegExp(`^${word} (.*)$`, 'm').exec(text ?? '') ?? [];
  if (rest === undefined) return undefined;
  const fields = new Map(rest.split(' ').map((pair) => pair.split('=') as [string, string]));
  const total = fields.get('total') ?? '';
  const average = (name: string) => Number(fields.get(name)) || 0;
  return {
    total: /^\d{1,20}$/.test(total) ? BigInt(total) : 0n,
    avg10: average('avg10'),
    avg60: average('avg60'),
    avg300: average('avg300'),
  };
}
