/**
 * Pods started, checkpointed and removed at once, round after round: prints what is left behind after each, and judges
 * processes, mounts, cgroups, descriptors and memory of the daemon. Run by hand, as root:
 * `npx node tests/endurance/pods.ts [pods] [rounds]`, 20 and 10 by default. Ends with code 1 where something leaked.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EnduranceStage, lineOf, openEnduranceStage } from './stage.ts';
import { FEWEST, type Figures, judge, WARMING } from './verdict.ts';

const [pods = 20, rounds = 10] = process.argv.slice(2).map(Number);

/** The whole life of one pod; returns the milliseconds of its checkpoint. */
async function live(stage: EnduranceStage, name: string): Promise<number> {
  const { runtime } = stage.cri();
  const { podSandboxId, containerId } = await stage.run(name);
  const from = performance.now();
  await runtime.checkpointContainer({ containerId, location: join(stage.folder, `${name}.tar`) });
  const took = performance.now() - from;
  await runtime.containerStats({ containerId });
  await runtime.stopPodSandbox({ podSandboxId });
  await runtime.removePodSandbox({ podSandboxId });
  for (const file of await readdir(stage.folder)) {
    if (file.startsWith(`${name}.tar`)) await rm(join(stage.folder, file), { force: true });
  }
  return took;
}

async function main(): Promise<boolean> {
  if (!(rounds >= FEWEST)) throw new Error(`at least ${FEWEST} rounds are needed to tell growth from noise`);
  await using stage = await openEnduranceStage();
  const base = await stage.settled();
  process.stdout.write(lineOf('before', base));
  const seen: Figures[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const from = performance.now();
    const names = Array.from({ length: pods }, (_none, i) => `r${round}p${i}`);
    const times = await Promise.all(names.map((name) => live(stage, name)));
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    const now = await stage.settled(base);
    seen.push(now);
    const slowest = Math.round(Math.max(...times));
    process.stdout.write(lineOf(`round ${round}`, now, `  (${seconds} s, slowest checkpoint ${slowest} ms)`));
  }
  const left = await stage.end();
  for (const item of left) process.stdout.write(`left behind: ${item}\n`);
  const { slopes, leaks } = judge(seen);
  const grown = Object.entries(slopes).map(([name, value]) => `${name} ${value.toFixed(2)}`);
  process.stdout.write(`growth a round, after the first ${WARMING}: ${grown.join('  ')}\n`);
  const above = (['processes', 'mounts', 'cgroups'] as const).filter(
    (name) => (seen.at(-1)?.[name] ?? 0) > (base[name] ?? 0),
  );
  for (const name of new Set([...leaks, ...above])) process.stdout.write(`LEAK: ${name}\n`);
  process.stdout.write(`${left.length} things left behind, ${leaks.length + above.length} leaks\n`);
  return left.length === 0 && leaks.length + above.length === 0;
}

process.exitCode = (await main()) ? 0 : 1;
