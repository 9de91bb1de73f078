/** A node of ours, and other engines beside it, each with workloads that are started when they are first asked for. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UndoStack } from '@stillframe/core';
import { execute, Stillframe } from '@stillframe/demo/stage';
import { locateCriu } from '@stillframe/runtime/host';
import { foldersOf } from '@stillframe/runtime/place';
import { findProgram } from '@stillframe/testkit';
import { openPodman, type Podman } from '../tests/lab/engines.ts';
import type { Lab } from '../tests/lab/lab.ts';
import { ballastOf, buildBallast, INSIDE, NEEDLE, Probe } from './workload.ts';

/** A running container. */
export interface Workload {
  readonly address: string;
  readonly containerID: string;
  readonly probe: Probe;
}

export interface Stage extends AsyncDisposable {
  readonly lab: Lab;
  /** The command as a user runs it, a process each, for what is timed; that of the lab runs in this process. */
  readonly stillframe: Stillframe;
  /** For whatever a contest writes. */
  readonly folder: string;
  /** What is mounted at INSIDE. */
  readonly programs: string;
  /** Begin of an argument vector: bare runc with the CRIU and the containers of our node. */
  readonly runc: readonly string[];
  /** A container of our node whose touched memory has this size. */
  workload(mebibytes: number): Promise<Workload>;
  /** A checkpoint of it. */
  archive(mebibytes: number): Promise<string>;
  /** A checkpoint of a container of five hundred processes. */
  manyProcesses(): Promise<string>;
  /** podman, and the name of a container of this size; undefined where it is missing. */
  podman(mebibytes: number): Promise<{ run: Podman['run']; name: string; probe: Probe } | undefined>;
}

const PROCESSES = 500;

export async function openStage(lab: Lab, env: Readonly<Record<string, string | undefined>>): Promise<Stage> {
  const undo = new UndoStack({ deadline: 120_000 });
  const folder = join(lab.folder, 'bench');
  const programs = join(lab.folder, 'ballast');
  await mkdir(folder);
  await buildBallast(programs);
  const { ociRuntime } = foldersOf({ root: join(lab.folder, 'root'), state: join(lab.folder, 'state') });
  const path = `${locateCriu(env)?.folder ?? ''}:${env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const workloads = new Map<number, Promise<Workload>>();
  const archives = new Map<number, Promise<string>>();
  const workload = (mebibytes: number) => cached(workloads, mebibytes, () => startOurs(lab, programs, mebibytes));
  const archived = async (name: string, address: string) => {
    const archive = join(folder, `${name}.tar`);
    await lab.stillframe.json(['checkpoint', address], ['--export', archive]);
    return archive;
  };
  const engines = new Map<string, Promise<Podman>>();
  const named = new Map<number, Promise<{ run: Podman['run']; name: string; probe: Probe }>>();
  return {
    lab,
    stillframe: new Stillframe(lab.folder),
    folder,
    programs,
    runc: ['env', `PATH=${path}`, 'runc', '--root', ociRuntime],
    workload,
    archive: (mebibytes) =>
      cached(archives, mebibytes, async () => archived(`of-${mebibytes}`, (await workload(mebibytes)).address)),
    manyProcesses: () => cached(archives, -PROCESSES, async () => archived('many', await startMany(lab))),
    async podman(mebibytes) {
      if (findProgram('podman') === undefined) return undefined;
      const podman = await cached(engines, 'podman', async () => {
        const opened = await openPodman(join(lab.folder, 'podman'));
        undo.push('podman', () => opened[Symbol.asyncDispose]());
        await opened.run('pull', '--quiet', '--tls-verify=false', lab.image);
        return opened;
      });
      return cached(named, mebibytes, () => startPodman(podman, lab, programs, mebibytes));
    },
    async [Symbol.asyncDispose]() {
      await undo[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function cached<K, V>(known: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return await found;
}

async function startOurs(lab: Lab, programs: string, mebibytes: number): Promise<Workload> {
  const address = `default/ballast-${mebibytes}/main`;
  const probe = `ours-${mebibytes}`;
  const words = ['--image', lab.image, '--env', `NEEDLE=${NEEDLE}`, '--mount', `${programs}:${INSIDE}`, '--'];
  const { containerID } = await lab.stillframe.json<{ containerID: string }>(
    ['run', address],
    [...words, ...ballastOf(mebibytes, probe)],
  );
  const workload = { address, containerID, probe: new Probe(programs, probe) };
  await workload.probe.ready();
  return workload;
}

async function startMany(lab: Lab): Promise<string> {
  const script = `i=1; while [ $i -lt ${PROCESSES} ]; do sleep 1000000 & i=$((i+1)); done; echo ready; wait`;
  const log = await lab.run('default/many/main', script);
  await execute(['sh', '-c', `until grep -q ready ${log}; do sleep 0.05; done`]);
  return 'default/many/main';
}

async function startPodman(podman: Podman, lab: Lab, programs: string, mebibytes: number) {
  const name = `ballast-${mebibytes}`;
  const probe = `podman-${mebibytes}`;
  await podman.run(
    ...['run', '--detach', '--name', name, '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'],
    ...['--log-driver', 'k8s-file', '--network', 'none', '--env', `NEEDLE=${NEEDLE}`],
    ...['--volume', `${programs}:${INSIDE}`, lab.image, ...ballastOf(mebibytes, probe)],
  );
  const started = { run: podman.run, name, probe: new Probe(programs, probe) };
  await started.probe.ready();
  return started;
}
