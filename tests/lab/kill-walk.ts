/** A node that kills itself at a step, the one that comes after it, and what must be the same before and after. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { ContainerState } from '@stillframe/cri/proto';
import { numbersIn } from '@stillframe/demo/stage';
import type { Step } from '@stillframe/runtime';
import { differences, takeCensus } from '@stillframe/testkit';
import { type Endpoints, openLab } from './lab.ts';

/** The variable that names the file in which a node looks where to die. */
const KILL_AT = 'STILLFRAME_TEST_KILL_AT';
/** Ends at once when asked to. */
const COUNT = 'trap "exit 0" TERM; i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.02; done';

type ContainerConfig = NonNullable<Parameters<CriClient['runtime']['createContainer']>[0]['config']>;

/** What one visit of a step works with; everything in it is new. */
export interface Scene {
  cri(): CriClient;
  /** Name of the pod, and of nothing else. */
  readonly pod: string;
  /** Empty folder for archives. */
  readonly out: string;
  /** Archive of a counter, and folder with the checkpoint of a pod of two, made beforehand. */
  readonly archive: string;
  readonly podArchive: string;
  podConfig(): { metadata: { name: string; uid: string; namespace: string }; logDirectory: string };
  config(name: string, more?: Partial<ContainerConfig>): ContainerConfig;
  runPod(): Promise<string>;
  create(podSandboxId: string, more?: Partial<ContainerConfig>, name?: string): Promise<string>;
  state(containerId: string): Promise<ContainerState | undefined>;
  /** Asserts that the container runs, counts on and has skipped nothing. */
  counts(name: string): Promise<void>;
}

/** Makes the call, asserts that its node does not live to answer it, and starts the next one. */
export type Died = (call: () => Promise<unknown>) => Promise<void>;

export interface Walk extends AsyncDisposable {
  at(step: Step, act: (scene: Scene, died: Died) => Promise<void>): Promise<void>;
}

/** A lab with a witness that counts all the while. */
export async function openWalk(): Promise<Walk> {
  const lab = await openLab();
  const clients: CriClient[] = [];
  let { pid } = lab.endpoints;
  const place = { root: join(lab.folder, 'root'), state: join(lab.folder, 'state') };
  const cri = () => clients.at(-1) ?? assert.fail('no node serves');
  const connect = async () => void clients.push(await openCriClient({ socket: join(place.state, 'cri.sock') }));
  const killAt = join(lab.folder, 'kill-at');
  const up = async () => {
    const child = lab.stillframe.serve(0, { ...process.env, [KILL_AT]: killAt });
    pid = child.pid ?? assert.fail('no node is started');
    await serves(place.state, pid);
    await connect();
  };
  const sceneOf = (pod: string, out: string): Scene => {
    const logDirectory = join(lab.folder, 'logs', pod);
    const scene: Scene = {
      cri,
      pod,
      out,
      archive: join(lab.folder, 'made/one.tar'),
      podArchive: join(lab.folder, 'made-pod'),
      podConfig: () => ({ metadata: { name: pod, uid: pod, namespace: 'default' }, logDirectory }),
      config: (name, more = {}) =>
        ({
          metadata: { name },
          image: { image: lab.image },
          command: ['/bin/busybox', 'sh', '-c', COUNT],
          logPath: `${name}.log`,
          ...more,
        }) as ContainerConfig,
      runPod: async () => (await cri().runtime.runPodSandbox({ config: scene.podConfig() })).podSandboxId,
      create: async (podSandboxId, more, name = 'one') =>
        (await cri().runtime.createContainer({ podSandboxId, config: scene.config(name, more) })).containerId,
      state: async (containerId) => (await cri().runtime.containerStatus({ containerId })).status?.state,
      counts: (name) => countsOn(join(logDirectory, `${name}.log`)),
    };
    return scene;
  };

  process.kill(pid, 'SIGKILL');
  await ends(pid);
  await up();
  await cri().image.pullImage({ image: { image: lab.image } });
  const witness = sceneOf('witness', '');
  const witnessID = await witness.create(await witness.runPod());
  await cri().runtime.startContainer({ containerId: witnessID });
  await makeArchives(sceneOf('made', ''), lab.folder);
  const census = () => takeCensus({ runtimeRoots: [join(place.state, 'oci-runtime')] });
  const [before, files] = [await census(), await namesIn(place)];

  const settled = async () => {
    const { items } = await cri().runtime.listPodSandbox({});
    const strangers = items.filter(({ metadata }) => metadata?.name !== 'witness');
    await Promise.all(strangers.map(({ id }) => cri().runtime.removePodSandbox({ podSandboxId: id })));
    // The daemon itself is another one each time.
    const left = async () =>
      differences(before, await census()).filter(
        (line) => line.includes(basename(lab.folder)) && !line.includes('stillframe.mjs'),
      );
    for (const deadline = Date.now() + 60_000; (await left()).length > 0 && Date.now() < deadline; ) await delay(50);
    assert.deepEqual(await left(), [], 'processes, mounts, namespaces, cgroups and runtime state are as before');
    assert.deepEqual(await namesIn(place), files, 'files are as before');
  };
  let visits = 0;
  return {
    async at(step, act) {
      const out = join(lab.folder, `out-${visits}`);
      await mkdir(out);
      const scene = sceneOf(`pod-${visits++}`, out);
      await act(scene, async (call) => {
        await writeFile(killAt, step);
        const answer = await call().then(
          () => 'an answer',
          () => 'none',
        );
        assert.equal(answer, 'none', `${step} is never reached`);
        await ends(pid);
        await rm(killAt);
        await up();
      });
      await witness.counts('one');
      assert.equal(await witness.state(witnessID), ContainerState.CONTAINER_RUNNING);
      assert.deepEqual(
        (await readdir(out)).filter((name) => name.startsWith('.')),
        [],
        'no temporary file is left',
      );
      await settled();
      await rm(out, { recursive: true });
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}

async function makeArchives(scene: Scene, folder: string): Promise<void> {
  const podSandboxId = await scene.runPod();
  const containerIds = [await scene.create(podSandboxId), await scene.create(podSandboxId, {}, 'two')];
  for (const containerId of containerIds) await scene.cri().runtime.startContainer({ containerId });
  await delay(200);
  for (const name of ['made', 'made-pod']) await mkdir(join(folder, name));
  const { runtime } = scene.cri();
  await runtime.checkpointContainer({ containerId: containerIds[0] ?? '', location: scene.archive });
  await runtime.checkpointPod({ podSandboxId, outputPath: scene.podArchive, containerIds });
  await runtime.removePodSandbox({ podSandboxId });
}

/** Names in every folder of the node where something may be forgotten. */
async function namesIn({ root, state }: { root: string; state: string }): Promise<Record<string, string[]>> {
  const folders = [
    ...['records/sandboxes', 'records/containers', 'records/operations', 'containers', 'checkpoints', 'networks'],
    ...['images/layers', 'logs'],
  ].map((name) => join(root, name));
  const fleeting = ['bundles', 'namespaces', 'sandboxes', 'exits', 'attach', 'oci-runtime'];
  folders.push(...fleeting.map((name) => join(state, name)));
  const rows = folders.map(async (path) => [path, (await readdir(path).catch(() => [])).sort()] as const);
  return Object.fromEntries(await Promise.all(rows));
}

async function countsOn(log: string): Promise<void> {
  const reached = (await numbersIn(log)).length;
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(20)) {
    const numbers = await numbersIn(log);
    if (numbers.length < reached + 2) continue;
    const wrong = numbers.findIndex((number, index) => number !== index + 1);
    return assert.equal(wrong, -1, `${log} skips at ${numbers[wrong - 1]}`);
  }
  assert.fail(`${log} does not count on`);
}

/** Waits until the node with that pid has told where it is reached. */
async function serves(state: string, pid: number): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(10)) {
    const text = await readFile(join(state, 'endpoints.json'), 'utf8').catch(() => '{}');
    if ((JSON.parse(text) as Partial<Endpoints>).pid === pid) return;
  }
  assert.fail(`the node ${pid} does not serve`);
}

/** A dead process that nobody has reaped yet has ended, too. */
async function ends(pid: number): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(5)) {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    if (status === undefined || /\) [ZX] /.test(status)) return;
  }
  assert.fail(`the node ${pid} did not die`);
}
