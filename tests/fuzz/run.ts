/**
 * The long run over hurt archives, every fourth of them through the whole forensic engine: `npx node tests/fuzz/run.ts [--seconds 300] [--seed 1] [--keep FOLDER]`. It ends at the first
 * defect (no error of ours, more than two seconds of processor time, more memory than the cap, a file outside) with the seed
 * that shows it, and otherwise says with which seed to go on.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { archiveOf, JUDGED, READ } from './archives.ts';
import { JUDGED_EVERY } from './worker.ts';

/** Milliseconds of processor time for one archive. */
const SLOW = 2000;
/** Milliseconds after which a worker that says nothing hangs, on a machine however busy. */
const HANGS = 30_000;
/** Bytes of memory of the worker. */
const SWOLLEN = 700e6;
const ESCAPED = '/tmp/stillframe-escaped';

interface Answer {
  seed: number;
  milliseconds?: number;
  result?: string;
  rss?: number;
  defect?: string;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'string' },
  },
});
process.exitCode = await run(Number(values.seed), Number(values.seconds) * 1000, values.keep);

async function run(first: number, duration: number, keep: string | undefined): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'stillframe-fuzz-'));
  const results = new Map<string, number>();
  let worker = start(folder);
  let slowest = 0;
  let seed = first;
  try {
    for (const end = performance.now() + duration; performance.now() < end; seed += 1) {
      const answer = await ask(worker, seed);
      const defect = defectOf(answer) ?? (await leftIn(folder));
      if (defect !== undefined) {
        process.stdout.write(`seed ${seed}: ${defect}\n`);
        if (keep !== undefined) await keepArchive(keep, seed);
        return 1;
      }
      slowest = Math.max(slowest, answer.milliseconds ?? 0);
      results.set(answer.result ?? '', (results.get(answer.result ?? '') ?? 0) + 1);
      // A worker keeps what V8 has not collected; a fresh one shows what an archive needs by itself.
      if ((seed - first) % 2000 === 1999) {
        await stop(worker);
        worker = start(folder);
      }
    }
  } finally {
    await stop(worker);
    await rm(folder, { recursive: true, force: true });
  }
  const table = [...results]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `  ${String(count).padStart(7)}  ${name}\n`);
  process.stdout.write(
    `${seed - first} archives, slowest ${slowest.toFixed(0)} ms of processor time; go on with --seed ${seed}\n${table.join('')}`,
  );
  return 0;
}

function defectOf({ defect, milliseconds = 0, rss = 0 }: Answer): string | undefined {
  if (defect !== undefined) return defect;
  if (milliseconds > SLOW) return `it took ${milliseconds.toFixed(0)} ms of processor time`;
  if (rss > SWOLLEN) return `it took ${rss} bytes of memory`;
  return existsSync(ESCAPED) ? `it wrote ${ESCAPED}` : undefined;
}

/** The worker has its temporary files in `folder`; nothing may be left there between two archives. */
async function leftIn(folder: string): Promise<string | undefined> {
  const names = await readdir(folder);
  return names.length === 0 ? undefined : `it left ${names.join(', ')} behind`;
}

async function keepArchive(folder: string, seed: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { archive } = await archiveOf(seed, seed % JUDGED_EVERY === 0 ? JUDGED : READ);
  await writeFile(join(folder, `seed-${seed}.tar`), archive);
}

function start(folder: string): ChildProcess {
  const env = { ...process.env, TMPDIR: folder };
  return fork(join(import.meta.dirname, 'worker.ts'), [], { env, execArgv: ['--max-old-space-size=512'] });
}

async function stop(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.kill('SIGKILL');
  await ended;
}

function ask(worker: ChildProcess, seed: number): Promise<Answer> {
  return new Promise((resolve) => {
    const finish = (answer: Answer) => {
      clearTimeout(timer);
      worker.removeAllListeners('message');
      worker.removeAllListeners('exit');
      resolve(answer);
    };
    const timer = setTimeout(() => finish({ seed, defect: `no answer for ${HANGS} ms` }), HANGS);
    worker.once('message', (answer) => finish(answer as Answer));
    worker.once('exit', (code, signal) => finish({ seed, defect: `the worker ended with ${code ?? signal}` }));
    worker.send(seed);
  });
}
