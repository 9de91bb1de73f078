/** How much memory the node needs for what is larger than its memory should be. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atMost, type Contest } from './contest.ts';
import type { Stage } from './stage.ts';
import { INSIDE } from './workload.ts';

/** The node's own peak while a container of 4 GiB is checkpointed and restored. */
export async function memoryContests(stage: Stage, rounds: number): Promise<Contest[]> {
  const { address } = await stage.workload(4096);
  const archive = join(stage.folder, 'memory.tar');
  const peaks: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const suffix of ['', '.evidence.json', '.custody.jsonl']) await rm(archive + suffix, { force: true });
    peaks.push(
      await peakOf(stage.lab.endpoints.pid, async () => {
        await stage.stillframe.json(['checkpoint', address], ['--export', archive]);
        const restore = ['restore', archive, '--mount', `${stage.programs}:${INSIDE}`];
        const { restored } = await stage.stillframe.json<{ restored: { address: string }[] }>(restore);
        const pod = restored[0]?.address.split('/').slice(0, 2).join('/') ?? '';
        await stage.lab.stillframe.atNode(['rm', pod]);
      }),
    );
  }
  return [
    {
      title: 'memory: the node, checkpoint and restore of 4 GiB',
      unit: 'MiB',
      ours: { name: 'stillframe node', figures: peaks },
      others: [atMost(200, 'MiB')],
    },
  ];
}

/** MiB that a process had at most while `work` was done, as the kernel counted. */
async function peakOf(pid: number, work: () => Promise<unknown>): Promise<number> {
  // Sets the highest mark back to what it has now (proc(5), clear_refs).
  await writeFile(`/proc/${pid}/clear_refs`, '5');
  await work();
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
