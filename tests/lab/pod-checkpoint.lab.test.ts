/** Checkpoints of a whole pod (CheckpointPod, RestorePod). */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CriClient } from '@stillframe/cri/client';
import { ContainerState } from '@stillframe/cri/proto';
import { execute } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type CriLab, openCriLab } from './lab.ts';
import { waitForLines } from './log-lines.ts';

const PROGRAM = fileURLToPath(new URL('../../packages/cli/bin/stillframe.mjs', import.meta.url));

const { skip } = needs('checkpoint', 'docker-registry');
const SHELL = ['/bin/busybox', 'sh', '-c'];
type Config = NonNullable<Parameters<CriClient['runtime']['createContainer']>[0]['config']>;

describe('a pod as a whole', { skip }, () => {
  let lab: CriLab;
  let cri: CriClient;
  before(async () => {
    lab = await openCriLab();
    cri = lab.cri;
  });
  after(() => lab?.[Symbol.asyncDispose]());

  const podConfig = (name: string) => ({
    metadata: { name, uid: name, namespace: 'default' },
    logDirectory: join(lab.folder, 'logs', name),
    annotations: { 'io.stillframe.network': 'none' },
  });
  const config = (name: string, script: string, more: Partial<Config> = {}) =>
    ({
      metadata: { name },
      image: { image: lab.image },
      command: [...SHELL, script],
      logPath: `${name}.log`,
      ...more,
    }) as Config;
  const pod = async (name: string, ...configs: Config[]) => {
    const { podSandboxId } = await cri.runtime.runPodSandbox({ config: podConfig(name) });
    const ids: string[] = [];
    for (const each of configs) {
      const { containerId } = await cri.runtime.createContainer({ podSandboxId, config: each });
      await cri.runtime.startContainer({ containerId });
      ids.push(containerId);
    }
    return { podSandboxId, ids };
  };
  const folder = async (name: string) => {
    const path = join(lab.folder, name);
    await mkdir(path);
    return path;
  };
  const stateOf = async (containerId: string) => (await cri.runtime.containerStatus({ containerId })).status?.state;
  const numbers = async (podName: string, name: string) =>
    (await readFile(join(lab.folder, 'logs', podName, `${name}.log`), 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => Number(line.split(' ').at(-1)));
  const run = async (containerId: string, script: string) => {
    const { stdout, stderr } = await cri.runtime.execSync({ containerId, cmd: [...SHELL, script], timeout: 10n });
    assert.equal(Buffer.from(stderr).toString(), '');
    return Buffer.from(stdout).toString();
  };
  const count = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done';

  test('as an image: one index in the registry, from which a single container is told, extracted and restored', async () => {
    const { podSandboxId, ids } = await pod('imaged', config('one', count), config('two', `sleep 0.2; ${count}`));
    await delay(1000);
    const outputPath = await folder('pod-imaged');
    await cri.runtime.checkpointPod({ podSandboxId, outputPath, containerIds: ids });
    await cri.runtime.removePodSandbox({ podSandboxId });
    const reference = `${lab.registry}/pods/imaged:1`;
    await lab.stillframe.read(['image', 'build', outputPath, '-t', reference]);
    const { containers } = await lab.stillframe.read<{ containers: { facts: { containerName: string } }[] }>([
      ...['image', 'inspect', reference],
    ]);
    assert.deepEqual(containers.map(({ facts }) => facts.containerName).sort(), ['one', 'two']);
    const out = join(lab.folder, 'two.tar');
    await execute([process.execPath, PROGRAM, 'image', 'extract', reference, out, '--container', 'two']);
    assert.ok((await readFile(out)).equals(await readFile(join(outputPath, 'two.tar'))));
    await assert.rejects(lab.stillframe.read(['inspect', reference]), /ERR_IMAGE_CONTAINER_AMBIGUOUS/);
    const { restored } = await lab.stillframe.json<{
      restored: { logPath: string; sandboxID: string; address: string }[];
    }>(['restore', reference], ['--container', 'two']);
    const [copy] = restored;
    assert.equal(copy?.address, 'default/imaged-copy-1/two');
    await waitForLines(copy?.logPath ?? '', 20);
    await cri.runtime.removePodSandbox({ podSandboxId: copy?.sandboxID ?? '' });
    const { restored: both } = await lab.stillframe.json<{ restored: { logPath: string; sandboxID: string }[] }>(
      ['restore', reference],
      ['--name', 'whole'],
    );
    assert.equal(both.length, 2);
    assert.equal(new Set(both.map(({ sandboxID }) => sandboxID)).size, 1, 'in one pod');
    for (const { logPath } of both) await waitForLines(logPath, 20);
    await cri.runtime.removePodSandbox({ podSandboxId: both[0]?.sandboxID ?? '' });
  });

  test('is captured at one instant and comes back created, then runs on where it was', async () => {
    const configs = [config('one', count), config('two', `echo here > /tmp/mine; ${count}`)];
    const { podSandboxId, ids } = await pod('both', ...configs);
    await delay(1000);
    const outputPath = await folder('pod-both');
    await cri.runtime.checkpointPod({ podSandboxId, outputPath, containerIds: ids });
    const names = (await readdir(outputPath)).sort();
    const archives = ['one.tar', 'one.tar.evidence.json', 'two.tar', 'two.tar.evidence.json'];
    assert.deepEqual(names, [...archives, 'pod.dump', 'pod.options', 'pod.options.evidence.json'].sort());
    for (const name of names) assert.equal((await stat(join(outputPath, name))).mode & 0o777, 0o600, name);
    const dump = JSON.parse(await readFile(join(outputPath, 'pod.dump'), 'utf8')) as { truePause: number };
    assert.ok(dump.truePause > 0);
    for (const id of ids) assert.equal(await stateOf(id), ContainerState.CONTAINER_RUNNING);
    const restored = await cri.runtime.restorePod({
      checkpointPath: outputPath,
      config: podConfig('again'),
      containerConfigs: configs,
    });
    assert.deepEqual(restored.restoredContainers.map(({ name }) => name).sort(), ['one', 'two']);
    for (const { containerId } of restored.restoredContainers) {
      assert.equal(await stateOf(containerId), ContainerState.CONTAINER_CREATED);
    }
    for (const { containerId } of restored.restoredContainers) await cri.runtime.startContainer({ containerId });
    await delay(700);
    const reached: number[] = [];
    for (const name of ['one', 'two']) {
      const seen = await numbers('again', name);
      assert.deepEqual(
        seen,
        seen.map((_n, i) => i + 1),
        `${name} goes on without a gap`,
      );
      reached.push(seen.length);
    }
    const second = restored.restoredContainers.find(({ name }) => name === 'two')?.containerId ?? '';
    assert.equal(await run(second, 'cat /tmp/mine'), 'here\n');
    assert.deepEqual((await readdir(outputPath)).sort(), names, 'the checkpoint itself is not touched');
    assert.ok(reached.every((n) => n > 20));
  });

  test('by `stillframe checkpoint --all-containers`, and back by `stillframe restore` of the folder', async () => {
    const { podSandboxId } = await pod('asked', config('one', count), config('two', count));
    await delay(1000);
    const made = await lab.stillframe.json<{ folder: string; atomic: boolean; archives: { digest: string }[] }>([
      ...['checkpoint', 'default/asked', '--all-containers'],
    ]);
    assert.match(made.folder, /\/checkpoint-asked_default-\d{4}-[^/]+$/);
    assert.equal(made.atomic, true);
    assert.equal(made.archives.length, 2);
    for (const { digest } of made.archives) assert.match(digest, /^sha256:/);
    const { kubelet, clientCertificate: cert, clientKey: key } = lab.endpoints;
    const place = ['--kubelet', kubelet, '--cert', cert, '--key', key, '--ca', join(dirname(cert), 'ca.crt')];
    const byKubelet = ['checkpoint', 'default/asked', '--all-containers', ...place];
    await assert.rejects(lab.stillframe.read(byKubelet), /ERR_CHECKPOINT_NOT_ATOMIC/);
    const { atomic, archives } = await lab.stillframe.read<{ atomic: boolean; archives: { archive: string }[] }>([
      ...[...byKubelet, '--non-atomic'],
    ]);
    assert.equal(atomic, false);
    for (const { archive } of archives) assert.ok((await stat(archive)).size > 0);
    await assert.rejects(
      lab.stillframe.json(['checkpoint', 'default/asked', '--all-containers', '--export', made.folder]),
      /ERR_CHECKPOINT_EXISTS/,
    );
    await cri.runtime.removePodSandbox({ podSandboxId });
    const { restored } = await lab.stillframe.json<{
      restored: { address: string; logPath: string; sandboxID: string }[];
    }>(['restore', made.folder], []);
    assert.deepEqual(
      restored.map(({ address }) => address),
      ['default/asked-copy-1/one', 'default/asked-copy-1/two'],
    );
    for (const { logPath } of restored) await waitForLines(logPath, 20);
    await cri.runtime.removePodSandbox({ podSandboxId: restored[0]?.sandboxID ?? '' });
  });

  test('whose containers are not all captured leaves nothing, and all of them run on', async () => {
    const talk = '(sleep 1000 | nc -l -p 7070 >/dev/null) & sleep 0.3; sleep 1000 | nc 127.0.0.1 7070';
    const refusing = config('refusing', talk, { annotations: { 'io.stillframe.criu/tcp-established': 'false' } });
    const { podSandboxId, ids } = await pod('half', config('fine', count), refusing);
    await delay(1000);
    const outputPath = await folder('pod-half');
    await assert.rejects(cri.runtime.checkpointPod({ podSandboxId, outputPath, containerIds: ids }), /tcp-established/);
    assert.deepEqual(await readdir(outputPath), []);
    const before = (await numbers('half', 'fine')).length;
    await delay(300);
    assert.ok((await numbers('half', 'fine')).length > before, 'it counts on');
    assert.equal(await stateOf(ids[1] ?? ''), ContainerState.CONTAINER_RUNNING);
    await cri.runtime.removePodSandbox({ podSandboxId });
  });

  test('is asked for exactly: what is unknown, double, foreign or not empty is refused', async () => {
    const { podSandboxId, ids } = await pod('exact', config('a', count), config('b', count));
    const other = await pod('other', config('a', count));
    const outputPath = await folder('pod-exact');
    const full = await folder('pod-full');
    await writeFile(join(full, 'something'), '');
    const call = (more: object) => cri.runtime.checkpointPod({ podSandboxId, outputPath, containerIds: ids, ...more });
    await assert.rejects(call({ options: { 'leave-running': 'true' } }), /unknown option "leave-running"/);
    await assert.rejects(call({ containerIds: [] }), /no container is named/);
    await assert.rejects(call({ containerIds: [ids[0], ids[0]] }), /have the same id/);
    await assert.rejects(call({ containerIds: other.ids }), /is not of sandbox/);
    await assert.rejects(call({ outputPath: full }), /is not an existing, empty, absolute folder/);
    await assert.rejects(call({ outputPath: 'relative' }), /is not an existing, empty, absolute folder/);
    await assert.rejects(call({ outputPath: join(outputPath, 'missing') }), /is not an existing/);
    assert.deepEqual(await readdir(outputPath), []);
    await call({});
    const restore = (more: object) =>
      cri.runtime.restorePod({
        checkpointPath: outputPath,
        config: podConfig('exact-again'),
        containerConfigs: [config('a', count), config('b', count)],
        ...more,
      });
    await assert.rejects(restore({ options: { fast: '1' } }), /unknown option "fast"/);
    await assert.rejects(restore({ containerConfigs: [config('a', count)] }), /is of the containers a, b/);
    await assert.rejects(restore({ checkpointPath: full }), /holds no complete checkpoint of a pod/);
    const changed = [config('a', count), config('b', 'echo another')];
    await assert.rejects(restore({ containerConfigs: changed }), /container b was another: command/);
    const told = [
      config('a', count, { envs: [{ key: 'NEW', value: Buffer.from('1') }] } as Partial<Config>),
      config('b', count),
    ];
    await assert.rejects(restore({ containerConfigs: told }), /container a was another: environment/);
    const { items } = await cri.runtime.listPodSandbox({});
    assert.ok(!items.some(({ metadata }) => metadata?.name === 'exact-again'), 'no sandbox is left');
    for (const id of [podSandboxId, other.podSandboxId]) await cri.runtime.removePodSandbox({ podSandboxId: id });
  });
});
