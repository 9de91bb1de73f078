/**
 * Pods that are checkpointed every so often for a long time, under a rule that keeps two checkpoints of each: what the
 * daemon and its pods hold each minute, and how late its event loop was. Run by hand, as root:
 * `npx node tests/endurance/steady.ts [pods] [minutes] [seconds between two checkpoints of a pod]`, 24, 30 and 30 by
 * default. Ends with code 1 where something leaked, a counter skipped or a checkpoint failed.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { demandUnbroken, numbersIn } from '@stillframe/demo/stage';
import { archiveName } from '@stillframe/kubelet/names';
import { loopDelay, watchLoop } from './daemon-memory.ts';
import { type EnduranceStage, lineOf, openEnduranceStage, type RunningPod } from './stage.ts';
import { FEWEST, type Figures, judge, WARMING } from './verdict.ts';

const [pods = 24, minutes = 30, seconds = 30] = process.argv.slice(2).map(Number);

interface Tally {
  checkpoints: number;
  slowest: number;
  failures: string[];
}

/** Checkpoints one pod at its own place within each interval, until `ended`. */
async function visit(stage: EnduranceStage, pod: RunningPod, name: string, ended: AbortSignal, tally: Tally) {
  const folder = join(stage.folder, 'root/checkpoints');
  const patience = { signal: ended };
  const rest = (milliseconds: number) => delay(Math.max(0, milliseconds), undefined, patience).catch(() => undefined);
  await rest((Number(/\d+$/.exec(name)?.[0] ?? 0) * seconds * 1000) / pods);
  while (!ended.aborted) {
    const from = performance.now();
    const address = { kubeNamespace: 'endurance', pod: name, container: 'main' };
    const location = join(folder, archiveName(address, new Date()));
    await stage
      .cri()
      .runtime.checkpointContainer({ containerId: pod.containerId, location })
      .then(() => {
        tally.checkpoints += 1;
      })
      .catch((error) => tally.failures.push(`${name}: ${String(error)}`));
    const took = performance.now() - from;
    tally.slowest = Math.max(tally.slowest, took);
    await rest(seconds * 1000 - took);
  }
}

/** Bytes of every file below. */
async function roomOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function look(stage: EnduranceStage, base?: Figures): Promise<Figures> {
  const log = join(stage.folder, 'root/node.log');
  const { p50, p99, max } = await loopDelay(stage.pid(), log);
  const held = await stage.settled(base);
  const disk = Math.round((await roomOf(join(stage.folder, 'root'))) / 2 ** 20);
  const late = { p50: Math.round(p50), p99: Math.round(p99), max: Math.round(max) };
  // Garbage was collected by force: the pause of that is not the daemon's own.
  await loopDelay(stage.pid(), log);
  return { ...held, disk, ...late };
}

async function main(): Promise<boolean> {
  if (!(minutes >= FEWEST)) throw new Error(`at least ${FEWEST} minutes are needed to tell growth from noise`);
  await using stage = await openEnduranceStage('retention:\n  rules:\n    - keep: 2\n');
  const empty = await stage.settled();
  process.stdout.write(lineOf('before', empty));
  const running: [string, RunningPod][] = [];
  for (let i = 0; i < pods; i += 1) running.push([`pod${i}`, await stage.run(`pod${i}`)]);
  await watchLoop(stage.pid(), join(stage.folder, 'root/node.log'));
  const full = await look(stage);
  process.stdout.write(lineOf(`${pods} pods`, full));
  const ended = new AbortController();
  const tally: Tally = { checkpoints: 0, slowest: 0, failures: [] };
  const visits = running.map(([name, pod]) => visit(stage, pod, name, ended.signal, tally));
  const seen: Figures[] = [];
  for (let minute = 1; minute <= minutes; minute += 1) {
    await delay(60_000);
    const now = await look(stage, full);
    seen.push(now);
    const more = `  (${tally.checkpoints} checkpoints, slowest ${Math.round(tally.slowest)} ms)`;
    process.stdout.write(lineOf(`minute ${minute}`, now, more));
    tally.slowest = 0;
  }
  ended.abort();
  await Promise.all(visits);
  const broken: string[] = [];
  for (const [name, { podSandboxId, log }] of running) {
    try {
      demandUnbroken(await numbersIn(log), name);
    } catch (error) {
      broken.push(String(error));
    }
    await stage.cri().runtime.removePodSandbox({ podSandboxId });
  }
  process.stdout.write(lineOf('after', await look(stage, empty)));
  const left = await stage.end();
  const { slopes, leaks } = judge(seen);
  const grown = Object.entries(slopes).map(([name, value]) => `${name} ${value.toFixed(2)}`);
  process.stdout.write(`growth a minute, after the first ${WARMING}: ${grown.join('  ')}\n`);
  const faults = [
    ...left.map((item) => `left behind: ${item}`),
    ...leaks.map((name) => `LEAK: ${name}`),
    ...broken,
    ...tally.failures,
  ];
  process.stdout.write([...faults, `${tally.checkpoints} checkpoints, ${faults.length} faults`, ''].join('\n'));
  return faults.length === 0;
}

process.exitCode = (await main()) ? 0 : 1;
