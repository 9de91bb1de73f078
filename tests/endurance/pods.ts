/**
 * Pods started, checkpointed and removed at once, round after round: prints what is left behind after each, and judges
 * processes, mounts, cgroups, descriptors and memory of the daemon. Run by hand, as root:
 * `npx node tests/endurance/pods.ts [pods] [rounds]`, 20 and 10 by default. Ends with code 1 where something leaked.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UndoStack } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { buildBaseImage, Stillframe } from '@stillframe/demo/stage';
import { RegistryClient } from '@stillframe/oci';
import { leftBehind, startRegistry, takeCensus } from '@stillframe/testkit';
import { heldMemory, INSPECTOR_OPTION } from './daemon-memory.ts';
import { FEWEST, type Figures, judge, WARMING } from './verdict.ts';

// With room to grow a heap grows, leak or not; one that is kept small shows what is held.
process.env['NODE_OPTIONS'] = `--max-old-space-size=64 --max-semi-space-size=2 ${INSPECTOR_OPTION}`;

const [pods = 20, rounds = 10] = process.argv.slice(2).map(Number);

/** Counts of what the pods took, on this host; only of what carries `marker`: others may work here as well. */
async function countsOf(marker: string) {
  const census = await takeCensus();
  const count = (...lists: (readonly string[])[]) => lists.flat().filter((item) => item.includes(marker)).length;
  const mounts = count(census.mounts, census.networkNamespaces);
  return { processes: count(census.processes), mounts, cgroups: count(census.cgroups) };
}

/** Waits, for 10 seconds at most, until monitors that are just ending have ended, and what can be freed is freed. */
async function settled(
  pid: number,
  { marker, log, base }: { marker: string; log: string; base?: Figures | undefined },
) {
  let counts = await countsOf(marker);
  for (const deadline = Date.now() + 10_000; base && Date.now() < deadline; await delay(200)) {
    if (Object.entries(counts).every(([name, value]) => value <= (base[name] ?? 0))) break;
    counts = await countsOf(marker);
  }
  const memory = await heldMemory(pid, log);
  const descriptors = (await readdir(`/proc/${pid}/fd`)).length;
  return { ...counts, descriptors, ...memory };
}

/** The whole life of one pod; returns the milliseconds of its checkpoint. */
async function live(cri: CriClient, image: string, folder: string, name: string): Promise<number> {
  const metadata = { name, uid: name, namespace: 'endurance' };
  const config = { metadata, logDirectory: join(folder, 'logs') };
  const { podSandboxId } = await cri.runtime.runPodSandbox({ config });
  const command = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i > /tmp/count; echo $i; sleep 0.1; done'];
  const container = { metadata: { name }, image: { image }, command, logPath: `${name}.log` };
  const { containerId } = await cri.runtime.createContainer({ podSandboxId, config: container });
  await cri.runtime.startContainer({ containerId });
  const from = performance.now();
  const location = join(folder, `${name}.tar`);
  await cri.runtime.checkpointContainer({ containerId, location });
  const took = performance.now() - from;
  await cri.runtime.containerStats({ containerId });
  await cri.runtime.stopPodSandbox({ podSandboxId });
  await cri.runtime.removePodSandbox({ podSandboxId });
  for (const file of await readdir(folder)) {
    if (file.startsWith(`${name}.tar`)) await rm(join(folder, file), { force: true });
  }
  return took;
}

function line(label: string, figures: Figures, more = ''): string {
  const numbers = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  return `${label.padEnd(12)}${numbers.join('  ')}${more}\n`;
}

async function main(): Promise<boolean> {
  if (!(rounds >= FEWEST)) throw new Error(`at least ${FEWEST} rounds are needed to tell growth from noise`);
  await using undo = new UndoStack({ deadline: 120_000 });
  const before = await takeCensus();
  const folder = await mkdtemp('/var/tmp/stillframe-endurance-');
  undo.push('folder', () => rm(folder, { recursive: true, force: true }));
  const registry = await startRegistry();
  undo.push('registry', () => registry[Symbol.asyncDispose]());
  await using client = new RegistryClient(registry.address);
  await mkdir(join(folder, 'image'));
  await buildBaseImage(client.repository('busybox'), 'v1', join(folder, 'image'));
  const image = `${registry.address}/busybox:v1`;
  const node = new Stillframe(folder);
  const { pid } = await node.up<{ pid: number }>(0);
  undo.push('node', async () => void (await node.atNode(['node', 'down', '--pods'])));
  await using cri = await openCriClient({ socket: join(folder, 'state/cri.sock'), timeoutMs: 300_000 });
  await cri.image.pullImage({ image: { image } });
  const marker = basename(folder);
  const log = join(folder, 'root/node.log');
  const base = await settled(pid, { marker, log });
  process.stdout.write(line('before', base));
  const seen: Figures[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const from = performance.now();
    const names = Array.from({ length: pods }, (_none, i) => `r${round}p${i}`);
    const times = await Promise.all(names.map((name) => live(cri, image, folder, name)));
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    const now = await settled(pid, { marker, log, base });
    seen.push(now);
    const slowest = Math.round(Math.max(...times));
    process.stdout.write(line(`round ${round}`, now, `  (${seconds} s, slowest checkpoint ${slowest} ms)`));
  }
  await cri[Symbol.asyncDispose]();
  await undo[Symbol.asyncDispose]();
  const left = await leftBehind(before, marker);
  for (const item of left) process.stdout.write(`left behind: ${item}\n`);
  const { slopes, leaks } = judge(seen);
  const grown = Object.entries(slopes).map(([name, value]) => `${name} ${value.toFixed(2)}`);
  process.stdout.write(`growth a round, after the first ${WARMING}: ${grown.join('  ')}\n`);
  const above = (['processes', 'mounts', 'cgroups'] as const).filter((name) => (seen.at(-1)?.[name] ?? 0) > base[name]);
  for (const name of new Set([...leaks, ...above])) process.stdout.write(`LEAK: ${name}\n`);
  process.stdout.write(`${left.length} things left behind, ${leaks.length + above.length} leaks\n`);
  return left.length === 0 && leaks.length + above.length === 0;
}

process.exitCode = (await main()) ? 0 : 1;
