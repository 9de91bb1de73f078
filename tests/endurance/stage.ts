/** What every endurance run stands on: a registry with a base image, a node that can be killed, and what it holds. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UndoStack } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { buildBaseImage, Stillframe } from '@stillframe/demo/stage';
import { RegistryClient } from '@stillframe/oci';
import { leftBehind, startRegistry, takeCensus } from '@stillframe/testkit';
import { heldMemory, INSPECTOR_OPTION } from './daemon-memory.ts';
import type { Figures } from './verdict.ts';

/** Counts for ever, a line each, and ends when asked to. */
const COUNT = 'trap "exit 0" TERM; i=0; while :; do i=$((i+1)); echo "count $i"; echo $i > /tmp/count; sleep 0.1; done';

/** A pod with one container that runs. */
export interface RunningPod {
  podSandboxId: string;
  containerId: string;
  log: string;
}

export interface EnduranceStage extends AsyncDisposable {
  readonly folder: string;
  readonly node: Stillframe;
  pid(): number;
  cri(): CriClient;
  /** Starts a pod whose container counts, or restores the archive `image`. */
  run(name: string, image?: string): Promise<RunningPod>;
  /** Kills the daemon with SIGKILL and starts the next one; returns the milliseconds until that one served. */
  restart(): Promise<number>;
  /** Waits, for 20 seconds at most, until counts are at most those of `base`; then what there is. */
  settled(base?: Figures): Promise<Figures>;
  /** Ends the node with its pods; what is left of it on this machine, a line each. */
  end(): Promise<string[]>;
}

/** `config`: of the node, as YAML. Its daemons have little room for their heap: one that grows shows what is held. */
export async function openEnduranceStage(config = ''): Promise<EnduranceStage> {
  process.env['NODE_OPTIONS'] = `--max-old-space-size=64 --max-semi-space-size=2 ${INSPECTOR_OPTION}`;
  const undo = new UndoStack({ deadline: 120_000 });
  const before = await takeCensus();
  const folder = await mkdtemp('/var/tmp/stillframe-endurance-');
  undo.push('folder', () => rm(folder, { recursive: true, force: true }));
  const registry = await startRegistry();
  undo.push('registry', () => registry[Symbol.asyncDispose]());
  await using client = new RegistryClient(registry.address);
  await mkdir(join(folder, 'image'));
  await buildBaseImage(client.repository('busybox'), 'v1', join(folder, 'image'));
  const base = `${registry.address}/busybox:v1`;
  const file = join(folder, 'node.yaml');
  await writeFile(file, config);
  const node = new Stillframe(folder, ['--config', file]);
  let pid = 0;
  let cri: CriClient | undefined;
  const up = async () => {
    ({ pid } = await node.up<{ pid: number }>(0));
    cri = await openCriClient({ socket: join(folder, 'state/cri.sock'), timeoutMs: 300_000 });
  };
  await up();
  undo.push('node', async () => void (await node.atNode(['node', 'down', '--pods'])));
  undo.push('client', async () => cri?.[Symbol.asyncDispose]());
  const connected = () => {
    if (!cri) throw new Error('no node serves');
    return cri;
  };
  await connected().image.pullImage({ image: { image: base } });
  const marker = basename(folder);
  return {
    folder,
    node,
    pid: () => pid,
    cri: connected,
    run: (name, image = base) => runPod(connected(), { name, image, logs: join(folder, 'logs', name) }),
    async restart() {
      process.kill(pid, 'SIGKILL');
      await ends(pid);
      await cri?.[Symbol.asyncDispose]();
      const from = performance.now();
      await up();
      return performance.now() - from;
    },
    async settled(baseline) {
      let counts = await countsOf(marker);
      const above = () => Object.entries(counts).some(([name, value]) => value > (baseline?.[name] ?? 0));
      for (const deadline = Date.now() + 20_000; baseline && above() && Date.now() < deadline; await delay(200)) {
        counts = await countsOf(marker);
      }
      const memory = await heldMemory(pid, join(folder, 'root/node.log'));
      const descriptors = (await readdir(`/proc/${pid}/fd`)).length;
      return { ...counts, descriptors, ...memory };
    },
    async end() {
      await undo[Symbol.asyncDispose]();
      return leftBehind(before, marker);
    },
    [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
  };
}

async function runPod(
  cri: CriClient,
  { name, image, logs }: { name: string; image: string; logs: string },
): Promise<RunningPod> {
  const metadata = { name, uid: name, namespace: 'endurance' };
  const { podSandboxId } = await cri.runtime.runPodSandbox({ config: { metadata, logDirectory: logs } });
  const container = {
    metadata: { name: 'main' },
    image: { image },
    command: ['sh', '-c', COUNT],
    logPath: 'main.log',
  };
  const { containerId } = await cri.runtime.createContainer({ podSandboxId, config: container });
  await cri.runtime.startContainer({ containerId });
  return { podSandboxId, containerId, log: join(logs, 'main.log') };
}

/** Counts of what the pods took, on this host; only of what carries `marker`: others may work here as well. */
async function countsOf(marker: string): Promise<Figures> {
  const census = await takeCensus();
  const count = (...lists: (readonly string[])[]) => lists.flat().filter((item) => item.includes(marker)).length;
  const mounts = count(census.mounts, census.networkNamespaces);
  return { processes: count(census.processes), mounts, cgroups: count(census.cgroups) };
}

/** One line of figures, and what else is to be said. */
export function lineOf(label: string, figures: Figures, more = ''): string {
  const numbers = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  return `${label.padEnd(12)}${numbers.join('  ')}${more}\n`;
}

/** A dead process that nobody has reaped yet has ended, too. */
async function ends(pid: number): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(5)) {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    if (status === undefined || /\) [ZX] /.test(status)) return;
  }
  throw new Error(`the node ${pid} did not die`);
}
