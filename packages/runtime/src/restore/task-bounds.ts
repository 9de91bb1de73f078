/**
 * What this host lets a restored process have. Where the kernel refuses what the dump says, CRIU 4.2 leaves the process
 * with whatever it has inherited and writes an error into its log; nobody would be told.
 */
import { readFile } from 'node:fs/promises';
import type { TaskBounds } from '@stillframe/checkpoint';
import { resourceHost } from '../container/spec-resources.ts';

/** Number of RLIMIT_NOFILE. */
const NOFILE = 7;

/** `held`: the node's own capabilities. What it starts inherits its limits, and may lower but not raise them. */
export async function taskBounds(held: ReadonlySet<string>): Promise<TaskBounds> {
  const { lowestOomScoreAdj } = await resourceHost(held);
  const own = held.has('CAP_SYS_RESOURCE') ? [] : parseLimits(await readFile('/proc/self/limits', 'utf8'));
  const hardLimits = own.slice();
  // Nobody may go above this one, whatever the capabilities.
  const openFiles = BigInt((await readFile('/proc/sys/fs/nr_open', 'utf8')).trim());
  const nofile = own[NOFILE];
  hardLimits[NOFILE] = nofile === undefined || nofile > openFiles ? openFiles : nofile;
  // A place that was never set would be no element.
  return { lowestOomScoreAdj, hardLimits: Array.from(hardLimits) };
}

/** The hard limits in a text of proc(5) `limits`, whose lines are in the order of the numbers; undefined: unlimited. */
export function parseLimits(text: string): (bigint | undefined)[] {
  return text
    .split('\n')
    .slice(1)
    .filter(Boolean)
    .map((line) => {
      const hard = /^.{26}\S+\s+(\S+)/.exec(line)?.[1] ?? '';
      return /^\d{1,20}$/.test(hard) ? BigInt(hard) : undefined;
    });
}
