/** The process tree, with how each process was called. */
import { type Process, readCommandLine } from '@stillframe/checkpoint';
import { redactArguments } from '@stillframe/core';
import type { DeskCase } from '../case.ts';
import type { ProcessFacts, ProcessList } from '../contract/index.ts';
import type { AnswerRoute } from './route.ts';

/** Processes that are listed, arguments of one, and characters of all of these. */
const MOST = 5000;
const MOST_ARGUMENTS = 256;
const LONGEST = 4096;

export const processes: AnswerRoute<'processes'> = ({ one }) =>
  one.keep('process list', async (signal): Promise<ProcessList> => {
    const all = await one.processes();
    const rows: ProcessList['processes'][number][] = [];
    for (const { process, depth } of inTreeOrder(all).slice(0, MOST))
      rows.push({ ...(await factsOf(one, process, signal)), depth });
    return { processes: rows, total: all.length };
  });

/** What a list and a page say of a process alike. */
export async function factsOf(one: DeskCase, process: Process, signal: AbortSignal): Promise<ProcessFacts> {
  const called = (await readCommandLine(one.checkpoint.images, process.pid, { signal })).arguments;
  return {
    ...{ pid: process.pid, ppid: process.ppid, name: process.comm ?? null, state: process.state },
    threads: process.threads.length,
    user: process.credentials?.euid ?? null,
    arguments: called.state === 'present' ? bounded(redactArguments(called.values)) : null,
  };
}

function bounded(values: readonly string[]): readonly string[] {
  let left = LONGEST;
  return values.slice(0, MOST_ARGUMENTS).flatMap((value) => {
    const part = value.slice(0, left);
    left -= part.length;
    return left > 0 || part !== '' ? [part] : [];
  });
}

/** Parents first, each once, also where a forger made them each other's parents. */
function inTreeOrder(all: readonly Process[]): readonly { process: Process; depth: number }[] {
  const known = new Set(all.map(({ pid }) => pid));
  const childrenOf = Map.groupBy(all, ({ ppid }) => ppid);
  const placed: { process: Process; depth: number }[] = [];
  const seen = new Set<number>();
  const place = (root: Process) => {
    const waiting = [{ process: root, depth: 0 }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      if (seen.has(next.process.pid)) continue;
      seen.add(next.process.pid);
      placed.push(next);
      const { depth } = next;
      const below = childrenOf.get(next.process.pid) ?? [];
      for (const process of below.toReversed()) waiting.push({ process, depth: depth + 1 });
    }
  };
  for (const process of all) if (!known.has(process.ppid)) place(process);
  for (const process of all) place(process);
  return placed;
}
