/** What the processes of a container hold: descriptors, sockets, threads, limits. Bounded; what ends meanwhile is not counted. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { openCgroup } from './cgroup-folder.ts';

export interface ProcessFigures {
  processes: number;
  threads: number;
  descriptors: number;
  sockets: number;
  /** Soft limit of open files of the first process; undefined where unlimited or unknown. */
  openFilesLimit?: bigint;
}

/** Processes and descriptors looked at. */
const LIMITS = { processes: 256, descriptors: 1024 };

/** Of the cgroup at `path`; all zero where it is gone. */
export async function readProcesses(path: string | undefined): Promise<ProcessFigures> {
  const sum: ProcessFigures = { processes: 0, threads: 0, descriptors: 0, sockets: 0 };
  const folder = path === undefined ? undefined : await openCgroup(path);
  const pids = ((await folder?.text('memory', 'cgroup.procs')) ?? '').split('\n').filter(Boolean);
  sum.processes = pids.length;
  for (const pid of pids.slice(0, LIMITS.processes)) {
    const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
    sum.descriptors += names.length;
    for (const name of names.slice(0, LIMITS.descriptors)) {
      const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => '');
      if (target.startsWith('socket:')) sum.sockets += 1;
    }
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    sum.threads += Number(/^Threads:\s*(\d+)$/m.exec(status)?.[1] ?? 0);
  }
  const limits = await readFile(`/proc/${pids[0] ?? 'none'}/limits`, 'utf8').catch(() => '');
  const [, soft] = /^Max open files\s+(\d+)\s/m.exec(limits) ?? [];
  return soft === undefined ? sum : { ...sum, openFilesLimit: BigInt(soft) };
}
