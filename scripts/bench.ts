/**
 * `npm run bench`: the figures of the design side by side with the peers', in turn in one run; a table on stdout and the
 * whole as JSON in bench-results/. `--rounds N` takes the median of N (5 by default). Needs what a checkpoint needs.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { missingCapability } from '@stillframe/testkit';
import { captureContests } from '../bench/capture.ts';
import type { Contest } from '../bench/contest.ts';
import { describeMachine } from '../bench/machine.ts';
import { imageContest, inspectContest, searchContest } from '../bench/reading.ts';
import { openStage } from '../bench/stage.ts';
import { renderJson, renderTable } from '../bench/table.ts';
import { type Lab, openLab } from '../tests/lab/lab.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
process.exitCode = await main(Number(values.rounds));

async function main(rounds: number): Promise<number> {
  if (!Number.isInteger(rounds) || rounds < 1) {
    process.stderr.write('bench: --rounds takes a positive number\n');
    return 2;
  }
  const lacking = missingCapability('checkpoint');
  if (lacking !== undefined) {
    process.stderr.write(`bench: this host cannot checkpoint: ${lacking}\n`);
    return 1;
  }
  const lab = await openLab();
  try {
    await measure(lab, rounds);
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

async function measure(lab: Lab, rounds: number): Promise<void> {
  const at = new Date();
  const stage = await openStage(lab, process.env);
  const contests: Contest[] = [];
  const say = (what: string) => process.stderr.write(`bench: ${what}, ${rounds} rounds\n`);
  say('checkpoint of a small container');
  contests.push(...(await captureContests(stage, stage.counter, rounds)).contests);
  say('checkpoint of 256 MiB');
  const { contests: large, archive } = await captureContests(stage, stage.memory, rounds);
  contests.push(...large);
  for (const [what, contest] of [
    ['inspect', inspectContest],
    ['search', searchContest],
    ['image', imageContest],
  ] as const) {
    say(what);
    contests.push(await contest(stage, archive, rounds));
  }
  const machine = await describeMachine(stage);
  const folder = join(import.meta.dirname, '..', 'bench-results');
  const file = join(folder, `${at.toISOString().replaceAll(':', '-')}.json`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, renderJson(contests, machine, rounds, at));
  process.stdout.write(`${renderTable(contests, machine)}\n`);
  process.stderr.write(`bench: written to ${file}\n`);
}
