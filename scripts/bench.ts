/**
 * `npm run bench`: the figures of the design side by side with the peers', in turn in one run; a table on stdout and the
 * whole as JSON in bench-results/. `--rounds N` takes the median of N (5 by default), `-- WORD…` only contests of such names.
 * Needs what a checkpoint needs.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { missingCapability } from '@stillframe/testkit';
import { captureContests } from '../bench/capture.ts';
import type { Contest } from '../bench/contest.ts';
import { imageContests, restoreContests } from '../bench/image.ts';
import { describeMachine } from '../bench/machine.ts';
import { memoryContests } from '../bench/memory.ts';
import { inspectContests, processContests, searchContests, startContests } from '../bench/reading.ts';
import { openStage, type Stage } from '../bench/stage.ts';
import { renderJson, renderTable } from '../bench/table.ts';
import { type Lab, openLab } from '../tests/lab/lab.ts';

/** By the word that chooses it, in the order in which they are held. */
const CONTESTS: readonly (readonly [string, (stage: Stage, rounds: number) => Promise<readonly Contest[]>])[] = [
  ['start', startContests],
  ['small', (stage, rounds) => captureContests(stage, { mebibytes: 0, title: 'small', bars: false }, rounds)],
  ['capture', (stage, rounds) => captureContests(stage, { mebibytes: 1024, title: '1 GiB', bars: true }, rounds)],
  ['restore', restoreContests],
  ['image', imageContests],
  ['processes', processContests],
  ['inspect', inspectContests],
  ['search', searchContests],
  ['memory', memoryContests],
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' } },
});
process.exitCode = await main(Number(values.rounds));

async function main(rounds: number): Promise<number> {
  const unknown = positionals.filter((word) => !CONTESTS.some(([name]) => name === word));
  if (!Number.isInteger(rounds) || rounds < 1 || unknown.length > 0) {
    const names = CONTESTS.map(([name]) => name).join(', ');
    process.stderr.write(`bench: --rounds takes a positive number, contests are ${names}\n`);
    return 2;
  }
  const lacking = missingCapability('checkpoint') ?? missingCapability('gcc');
  if (lacking !== undefined) {
    process.stderr.write(`bench: this host cannot checkpoint its workloads: ${lacking}\n`);
    return 1;
  }
  const lab = await openLab();
  try {
    await using stage = await openStage(lab, process.env);
    await measure(stage, rounds);
  } finally {
    await cleanUp(lab);
  }
  return 0;
}

/** The lab counts the whole machine: what others do on it meanwhile is no failure of the measurement. */
async function cleanUp(lab: Lab): Promise<void> {
  try {
    await lab[Symbol.asyncDispose]();
  } catch {
    process.stderr.write('bench: this machine is not as it was before; something of ours or of others is running\n');
  }
}

async function measure(stage: Stage, rounds: number): Promise<void> {
  const at = new Date();
  const contests: Contest[] = [];
  for (const [name, contest] of CONTESTS) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    process.stderr.write(`bench: ${name}, ${rounds} rounds\n`);
    contests.push(...(await contest(stage, rounds)));
  }
  const machine = await describeMachine(stage);
  const folder = join(import.meta.dirname, '..', 'bench-results');
  const file = join(folder, `${at.toISOString().replaceAll(':', '-')}.json`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, renderJson(contests, machine, rounds, at));
  process.stdout.write(`${renderTable(contests, machine)}\n`);
  process.stderr.write(`bench: written to ${file}\n`);
}
