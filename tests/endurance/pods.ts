/**
 * Pods started, checkpointed and removed at once, round after round: prints what is left behind. Run by hand, as root:
 * `node tests/endurance/pods.ts [pods] [rounds]`, 20 and 10 by default. Ends with code 1 where something leaked.
 */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UndoStack } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { buildBaseImage, Stillframe } from '@stillframe/demo/stage';
import { RegistryClient } from '@stillframe/oci';
import { leftBehind, startRegistry, takeCensus } from '@stillframe/testkit';

// With room to grow a heap grows, leak or not; one that is kept small shows what is held.
process.env['NODE_OPTIONS'] = '--max-old-space-size=64 --max-semi-space-size=2';

const [pods = 20, rounds = 10] = process.argv.slice(2).map(Number);

interface Figures {
  processes: number;
  mounts: number;
  cgroups: number;
  descriptors: number;
  /** MiB of the daemon. */
  rss: number;
}

/** Only of what carries `marker`: others may work on the same host. */
async function figuresOf(pid: number, marker: string): Promise<Figures> {
  const census = await takeCensus();
  const count = (...lists: (readonly string[])[]) => lists.flat().filter((item) => item.includes(marker)).length;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const rss = Math.round(Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
  const descriptors = (await readdir(`/proc/${pid}/fd`)).length;
  const mounts = count(census.mounts, census.networkNamespaces);
  return { processes: count(census.processes), mounts, cgroups: count(census.cgroups), descriptors, rss };
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
  const seen: Figures[] = [await figuresOf(pid, marker)];
  process.stdout.write(line('before', seen[0] as Figures));
  for (let round = 1; round <= rounds; round += 1) {
    const from = performance.now();
    const names = Array.from({ length: pods }, (_none, i) => `r${round}p${i}`);
    const times = await Promise.all(names.map((name) => live(cri, image, folder, name)));
    const now = await figuresOf(pid, marker);
    seen.push(now);
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    const slowest = Math.round(Math.max(...times));
    process.stdout.write(line(`round ${round}`, now, `  (${seconds} s, slowest checkpoint ${slowest} ms)`));
  }
  await cri[Symbol.asyncDispose]();
  await undo[Symbol.asyncDispose]();
  const left = await leftBehind(before, marker);
  for (const item of left) process.stdout.write(`left behind: ${item}\n`);
  const [first, last] = [seen[1], seen.at(-1)];
  const grown = first && last ? last.descriptors - first.descriptors : 0;
  process.stdout.write(`${left.length} things left behind, ${grown} descriptors more than after the first round\n`);
  return left.length === 0 && grown <= 2;
}

process.exitCode = (await main()) ? 0 : 1;
