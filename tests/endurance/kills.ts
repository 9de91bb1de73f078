/**
 * A daemon that is killed with SIGKILL under load, round after round: pods come, are checkpointed, restored and go, at some
 * moment the daemon dies, the next one starts. After each round counters that were there all the time have skipped
 * nothing, every archive is whole and proved by its evidence, and nothing else is left. Run by hand, as root:
 * `npx node tests/endurance/kills.ts [rounds] [--log FILE] [--seed 1]`, 100 by default. The log has a JSON line a round; a
 * run that is given the log of an earlier one goes on after it. Ends with code 1 at the first fault.
 */
import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { demandUnbroken, numbersIn } from '@stillframe/demo/stage';
import { Random } from '../fuzz/random.ts';
import { type EnduranceStage, lineOf, openEnduranceStage, type RunningPod } from './stage.ts';
import type { Figures } from './verdict.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { log: { type: 'string' }, seed: { type: 'string', default: '1' } },
});
const [rounds = 100] = positionals.map(Number);
/** Pods that live through all rounds, and loads at a time. */
const WITNESSES = 3;
const LOADS = 4;
/** Milliseconds of load before the kill. */
const SHORTEST = 100;
const SPREAD = 3000;

interface Round {
  round: number;
  killedAfter: number;
  /** Milliseconds until the next daemon served. */
  recovered: number;
  archives: number;
  figures: Figures;
}

/** What one load does over and over, until its daemon is gone: every call may fail then. */
async function load(stage: EnduranceStage, { out, name, witness }: { out: string; name: string; witness: RunningPod }) {
  const { runtime } = stage.cri();
  for (let turn = 0; ; turn += 1) {
    const first = await stage.run(`${name}-${turn}`);
    const location = join(out, `${name}-${turn}.tar`);
    await runtime.checkpointContainer({ containerId: first.containerId, location });
    const copy = await stage.run(`${name}-${turn}-copy`, location);
    await runtime.checkpointContainer({
      containerId: witness.containerId,
      location: join(out, `${name}-${turn}-w.tar`),
    });
    for (const { podSandboxId } of [first, copy]) await runtime.removePodSandbox({ podSandboxId });
  }
}

/** Throws where an archive is not whole, not what its evidence says, or a temporary file is left; how many there are. */
async function demandWhole(stage: EnduranceStage, out: string): Promise<number> {
  const names = await readdir(out);
  const archives = names.filter((name) => name.endsWith('.tar'));
  const expected = new Set(archives.flatMap((name) => [name, `${name}.evidence.json`, `${name}.custody.jsonl`]));
  const strangers = names.filter((name) => !expected.has(name));
  if (strangers.length > 0) throw new Error(`left in the folder of archives: ${strangers.join(', ')}`);
  for (const name of archives) await stage.node.read(['verify', join(out, name)]);
  return archives.length;
}

/** Throws where a witness has skipped a number or counts no longer. */
async function demandCounting({ log }: RunningPod, name: string): Promise<void> {
  const reached = (await numbersIn(log)).length;
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await delay(50)) {
    const numbers = await numbersIn(log);
    if (numbers.length < reached + 3) continue;
    return demandUnbroken(numbers, name);
  }
  throw new Error(`${name} does not count on`);
}

async function removeOthers(stage: EnduranceStage, witnesses: readonly RunningPod[]): Promise<void> {
  const kept = new Set(witnesses.map(({ podSandboxId }) => podSandboxId));
  const { items } = await stage.cri().runtime.listPodSandbox({});
  const others = items.filter(({ id }) => !kept.has(id));
  await Promise.all(others.map(({ id }) => stage.cri().runtime.removePodSandbox({ podSandboxId: id })));
}

async function play(stage: EnduranceStage, witnesses: readonly RunningPod[], round: number): Promise<Round> {
  const random = new Random(Number(values.seed) * 1000 + round);
  const out = join(stage.folder, `out-${round}`);
  await mkdir(out);
  const killedAfter = SHORTEST + random.below(SPREAD);
  const loads = Array.from({ length: LOADS }, (_none, i) => {
    const witness = witnesses[i % WITNESSES];
    return witness && load(stage, { out, name: `r${round}l${i}`, witness }).catch((error: Error) => error.message);
  });
  await delay(killedAfter);
  const recovered = Math.round(await stage.restart());
  await Promise.all(loads);
  for (const [i, witness] of witnesses.entries()) await demandCounting(witness, `witness ${i}`);
  const archives = await demandWhole(stage, out);
  await removeOthers(stage, witnesses);
  await rm(out, { recursive: true });
  return { round, killedAfter, recovered, archives, figures: {} };
}

async function main(): Promise<boolean> {
  const done = values.log === undefined ? [] : await linesOf(values.log);
  const from = (done.at(-1)?.round ?? 0) + 1;
  await using stage = await openEnduranceStage();
  const witnesses: RunningPod[] = [];
  for (let i = 0; i < WITNESSES; i += 1) witnesses.push(await stage.run(`witness${i}`));
  const base = await stage.settled();
  process.stdout.write(lineOf('before', base));
  const seen = done;
  for (let round = from; round <= rounds; round += 1) {
    const played = await play(stage, witnesses, round);
    const row = { ...played, figures: await stage.settled(base) };
    const more = `  (killed after ${row.killedAfter} ms, back after ${row.recovered} ms, ${row.archives} archives)`;
    process.stdout.write(lineOf(`round ${round}`, row.figures, more));
    const above = ['processes', 'mounts', 'cgroups'].filter((name) => (row.figures[name] ?? 0) > (base[name] ?? 0));
    if (above.length > 0) throw new Error(`round ${round} left ${above.join(', ')} behind`);
    if (values.log !== undefined) await appendFile(values.log, `${JSON.stringify(row)}\n`);
    seen.push(row);
  }
  const left = await stage.end();
  for (const item of left) process.stdout.write(`left behind: ${item}\n`);
  const slowest = Math.max(...seen.map(({ recovered }) => recovered));
  const archives = seen.reduce((sum, row) => sum + row.archives, 0);
  process.stdout.write(
    `${seen.length} rounds, ${archives} archives, all whole; slowest start ${slowest} ms; ${left.length} left\n`,
  );
  return left.length === 0;
}

async function linesOf(log: string): Promise<Round[]> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Round);
}

process.exitCode = (await main()) ? 0 : 1;
