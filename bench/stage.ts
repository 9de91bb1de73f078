/** What the contests play on: a node of its own with a small container and one whose memory is large and random. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { locateCriu } from '@stillframe/runtime/host';
import { foldersOf } from '@stillframe/runtime/place';
import type { Lab } from '../tests/lab/lab.ts';

/** Stands in the memory of both workloads. */
export const NEEDLE = 'stillframe-bench-needle';
const MEBIBYTES = 256;

export interface Workload {
  /** `counter`, `256 MiB`. */
  title: string;
  address: string;
  containerID: string;
}

export interface Stage {
  lab: Lab;
  counter: Workload;
  memory: Workload;
  /** Begin of an argument vector: bare runc with the CRIU and the containers of our node. */
  runc: readonly string[];
}

/** Starts both workloads and waits until they stand. */
export async function openStage(lab: Lab, env: Readonly<Record<string, string | undefined>>): Promise<Stage> {
  const counter = await start(lab, 'counter', 'echo ready; while :; do i=$((i+1)); sleep 0.25; done');
  const bytes = MEBIBYTES << 20;
  // tail keeps what it may have to print until its input ends, which it never does.
  const fill = `{ busybox head -c ${bytes} /dev/urandom; echo ready >&2; exec sleep 1000000; } | busybox tail -c ${bytes}`;
  const memory = await start(lab, `${MEBIBYTES} MiB`, fill);
  const { ociRuntime } = foldersOf({ root: join(lab.folder, 'root'), state: join(lab.folder, 'state') });
  const path = `${locateCriu(env)?.folder ?? ''}:${env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  return { lab, counter, memory, runc: ['env', `PATH=${path}`, 'runc', '--root', ociRuntime] };
}

async function start(lab: Lab, title: string, script: string): Promise<Workload> {
  const address = `default/bench-${title.replace(/\W+/g, '-').toLowerCase()}/main`;
  const started = await lab.stillframe.json<{ containerID: string; logPath: string }>(
    ['run', address],
    ['--image', lab.image, '--env', `NEEDLE=${NEEDLE}`, '--', 'sh', '-c', script],
  );
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(100)) {
    const log = await readFile(started.logPath, 'utf8').catch(() => '');
    if (!log.includes('ready')) continue;
    // What is still in the pipe is read within this time.
    await delay(500);
    return { title, address, containerID: started.containerID };
  }
  throw new Error(`the workload ${title} was not ready within a minute`);
}
