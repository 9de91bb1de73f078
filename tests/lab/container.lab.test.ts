/** A container's mounts, limits, log, end and figures, asked for over the CRI as kubelet does. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { ContainerEventType, ContainerState, MountPropagation, Signal } from '@stillframe/cri/proto';
import { needs } from '@stillframe/testkit';
import { type Endpoints, type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');
type Config = NonNullable<Parameters<CriClient['runtime']['createContainer']>[0]['config']>;

describe('a container over the CRI', { skip }, () => {
  let lab: Lab;
  let cri: CriClient;
  let sandbox: string;
  let logs: string;
  before(async () => {
    lab = await openLab();
    cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    await cri.image.pullImage({ image: { image: lab.image } });
    logs = join(lab.folder, 'logs');
    sandbox = await pod('containers');
  });
  after(async () => {
    await cri?.[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const pod = async (name: string) => {
    const metadata = { name, uid: name, namespace: 'default' };
    const { podSandboxId } = await cri.runtime.runPodSandbox({ config: { metadata, logDirectory: logs } });
    return podSandboxId;
  };
  const create = async (name: string, script: string, more: Partial<Config> = {}) => {
    const image = { image: lab.image };
    const command = ['/bin/busybox', 'sh', '-c', script];
    const config = { metadata: { name }, image, command, logPath: `${name}.log`, ...more } as Config;
    return (await cri.runtime.createContainer({ podSandboxId: sandbox, config })).containerId;
  };
  const run = async (...args: Parameters<typeof create>) => {
    const containerId = await create(...args);
    await cri.runtime.startContainer({ containerId });
    return containerId;
  };
  const statusOf = async (containerId: string) => {
    const { status } = await cri.runtime.containerStatus({ containerId });
    assert.ok(status);
    return status;
  };
  const ended = async (id: string) => {
    const { CONTAINER_EXITED } = ContainerState;
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(50)) {
      const status = await statusOf(id);
      if (status.state === CONTAINER_EXITED) return status;
    }
    assert.fail(`${id} does not end`);
  };
  const said = async (name: string) =>
    (await readFile(join(logs, `${name}.log`), 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ').slice(3).join(' '));

  test('sees its mounts: links followed, missing folders made, files, read-only trees', async () => {
    const host = join(lab.folder, 'host');
    await mkdir(join(host, 'real'), { recursive: true });
    await writeFile(join(host, 'real/inside'), 'found');
    await symlink('real', join(host, 'link'));
    const mounts = [
      { containerPath: '/link', hostPath: join(host, 'link') },
      { containerPath: '/made', hostPath: join(host, 'not/there/yet'), readonly: true, recursiveReadOnly: true },
      { containerPath: '/etc/single', hostPath: join(host, 'real/inside') },
    ];
    const id = await run(
      'mounts',
      'cat /link/inside; echo; cat /etc/single; echo; echo > /made/x 2>/dev/null || echo refused; echo new > /link/y',
      { mounts: mounts as Config['mounts'] },
    );
    assert.equal((await ended(id)).reason, 'Completed');
    const lines = (await said('mounts')).filter((line) => /^\w+$/.test(line));
    assert.deepEqual(lines, ['found', 'found', 'refused']);
    assert.equal(await readFile(join(host, 'real/y'), 'utf8'), 'new\n');
    assert.ok((await stat(join(host, 'not/there/yet'))).isDirectory());
  });

  test('is refused, and leaves nothing, where a mount contradicts itself', async () => {
    const propagation = MountPropagation.PROPAGATION_BIDIRECTIONAL;
    const mount = { containerPath: '/p', hostPath: '/tmp', propagation, readonly: true, recursiveReadOnly: true };
    const before = await readdir(join(lab.folder, 'state/bundles'));
    await assert.rejects(create('travel', 'true', { mounts: [mount] as Config['mounts'] }), {
      code: 'ERR_CRI_INVALID_ARGUMENT',
    });
    assert.deepEqual(await readdir(join(lab.folder, 'state/bundles')), before);
  });

  test('is refused, and leaves nothing, where runc cannot make it, or no kernel or folder takes what it says', async () => {
    const folders = ['bundles', 'attach', 'exits'].map((name) => join(lab.folder, 'state', name));
    const left = () => Promise.all(folders.map((folder) => readdir(folder)));
    const before = await left();
    const mounts = [{ containerPath: '/proc', hostPath: '/tmp' }] as Config['mounts'];
    await assert.rejects(create('over-proc', 'true', { mounts }), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /proc/);
      assert.doesNotMatch(error.message, /level=|msg=/);
      return true;
    });
    const negative = { resources: { cpuPeriod: -1n } } as Config['linux'];
    const code = 'ERR_CRI_INVALID_ARGUMENT';
    await assert.rejects(create('negative', 'true', { linux: negative }), { code, message: /cpu_period/ });
    await assert.rejects(create('../../x', 'true', { logPath: 'x.log' }), { code, message: /`\/`/ });
    await assert.rejects(pod('../../x'), { code, message: /`\/`/ });
    assert.deepEqual(await left(), before);
  });

  test('has its devices and its working folder; what the host does not allow is told, not fatal', async () => {
    const id = await run('devices', 'pwd; echo x > /dev/mine || echo full', {
      workingDir: '/made/for/it',
      devices: [{ hostPath: '/dev/full', containerPath: '/dev/mine', permissions: 'rw' }] as Config['devices'],
      linux: { resources: { oomScoreAdj: -900n } } as Config['linux'],
    });
    assert.equal((await ended(id)).exitCode, 0);
    assert.deepEqual(
      (await said('devices')).filter((line) => !line.includes('write error')),
      ['/made/for/it', 'full'],
    );
  });

  test('takes new limits while it runs, and shows them', async () => {
    const limits = { cpuPeriod: 100_000n, cpuQuota: 50_000n, memoryLimitInBytes: 64n << 20n };
    const id = await run('limits', 'sleep 1000', { linux: { resources: limits } as Config['linux'] });
    await cri.runtime.updateContainerResources({ containerId: id, linux: { cpuQuota: 20_000n, cpuShares: 300n } });
    const { resources, user, stopSignal } = await statusOf(id);
    const { cpuPeriod, cpuQuota, cpuShares, memoryLimitInBytes } = resources?.linux ?? {};
    assert.deepEqual(
      [cpuPeriod, cpuQuota, cpuShares, memoryLimitInBytes],
      [100_000n, 20_000n, 300n, 64n << 20n],
      'what is not given stays',
    );
    assert.deepEqual([user?.linux?.uid, stopSignal], [0n, Signal.SIGTERM]);
    const more = { memoryLimitInBytes: 1n };
    await assert.rejects(cri.runtime.updateContainerResources({ containerId: id, linux: more }));
    assert.equal((await statusOf(id)).resources?.linux?.memoryLimitInBytes, 64n << 20n, 'a refusal is not recorded');
    await cri.runtime.stopContainer({ containerId: id, timeout: 0n });
    assert.equal((await ended(id)).exitCode, 137);
  });

  test('goes on in a new log file when the old one was moved away', async () => {
    const id = await run('rotated', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done');
    const path = join(logs, 'rotated.log');
    await delay(300);
    await rename(path, `${path}.1`);
    await cri.runtime.reopenContainerLog({ containerId: id });
    await delay(300);
    await cri.runtime.stopContainer({ containerId: id, timeout: 0n });
    const lines = [await readFile(`${path}.1`, 'utf8'), await readFile(path, 'utf8')].map((text) => text.split('\n'));
    const numbers = lines
      .flat()
      .filter(Boolean)
      .map((line) => Number(line.split(' ').at(-1)));
    assert.deepEqual(
      numbers,
      numbers.map((_n, i) => i + 1),
      'no line is lost or doubled',
    );
    await rename(path, `${path}.2`);
    const late = cri.runtime.reopenContainerLog({ containerId: id });
    await assert.rejects(late, { code: 'ERR_CRI_FAILED_PRECONDITION' });
    await assert.rejects(stat(path), { code: 'ENOENT' });
  });

  test('ends as it was asked to: by its signal, by the kill after the grace, for want of memory', async () => {
    const polite = 'trap "exit 7" USR1; while :; do sleep 0.05; done';
    const first = await run('polite', polite, { stopSignal: Signal.SIGUSR1 });
    const stubborn = await run('stubborn', 'trap "" TERM; while :; do sleep 0.05; done');
    const limits = { memoryLimitInBytes: 15n << 20n, memorySwapLimitInBytes: 15n << 20n };
    const hungry = await create('hungry', 'exec /bin/busybox dd if=/dev/zero of=/dev/null bs=30M', {
      linux: { resources: limits } as Config['linux'],
    });
    await cri.runtime.startContainer({ containerId: hungry });
    await delay(200);
    await cri.runtime.stopContainer({ containerId: first, timeout: 10n });
    const from = performance.now();
    // A second stop with less patience cuts the first one short.
    const patient = cri.runtime.stopContainer({ containerId: stubborn, timeout: 60n });
    await delay(200);
    await cri.runtime.stopContainer({ containerId: stubborn, timeout: 1n });
    await patient;
    assert.ok(performance.now() - from < 30_000);
    const ends = await Promise.all([first, stubborn, hungry].map(ended));
    assert.deepEqual(
      ends.map(({ exitCode, reason }) => [exitCode, reason]),
      [
        [7, 'Error'],
        [137, 'Error'],
        [137, 'OOMKilled'],
      ],
    );
    await cri.runtime.stopContainer({ containerId: stubborn, timeout: 0n });
    await cri.runtime.stopContainer({ containerId: 'f'.repeat(64), timeout: 0n });
  });

  test('is restored with the terminal that its dump had, whatever the request says', async () => {
    const id = await run('terminal', '[ -t 1 ] && echo tty; i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done', {
      tty: true,
    });
    await delay(500);
    const location = join(lab.folder, 'terminal.tar');
    await cri.runtime.checkpointContainer({ containerId: id, location });
    const copy = await create('copy', 'ignored', { image: { image: location } as Config['image'] });
    await cri.runtime.startContainer({ containerId: copy });
    await delay(500);
    const again = join(lab.folder, 'again.tar');
    await cri.runtime.checkpointContainer({ containerId: copy, location: again });
    const [first, ...numbers] = (await said('copy')).map((line) => line.trim());
    assert.equal(first, 'tty');
    assert.deepEqual(
      numbers.map(Number),
      numbers.map((_n, i) => i + 1),
    );
    for (const containerId of [id, copy]) await cri.runtime.stopContainer({ containerId, timeout: 0n });
  });

  test('is measured: processor, memory, files, processes, traffic', async () => {
    const id = await run('busy', '/bin/busybox dd if=/dev/zero of=/big bs=1M count=3 2>/dev/null; while :; do :; done');
    await delay(700);
    await cri.runtime.containerStats({ containerId: id });
    await delay(400);
    const { stats } = await cri.runtime.containerStats({ containerId: id });
    assert.ok((stats?.cpu?.usageCoreNanoSeconds?.value ?? 0n) > 100_000_000n);
    assert.ok((stats?.cpu?.usageNanoCores?.value ?? 0n) > 50_000_000n);
    assert.ok((stats?.memory?.workingSetBytes?.value ?? 0n) > 0n);
    assert.ok((stats?.writableLayer?.usedBytes?.value ?? 0n) >= 3n << 20n);
    const listed = await cri.runtime.listContainerStats({ filter: { id } });
    assert.deepEqual(
      listed.stats.map(({ attributes }) => attributes?.id),
      [id],
    );
    const { stats: whole } = await cri.runtime.podSandboxStats({ podSandboxId: sandbox });
    assert.ok((whole?.linux?.process?.processCount?.value ?? 0n) > 0n);
    assert.ok(whole?.linux?.network?.interfaces.some(({ name }) => name === 'lo'));
    const { descriptors } = await cri.runtime.listMetricDescriptors({});
    const keys = new Map(descriptors.map(({ name, labelKeys }) => [name, labelKeys.length]));
    const { podMetrics } = await cri.runtime.listPodSandboxMetrics({});
    const metrics = podMetrics.flatMap((each) => [each.metrics, ...each.containerMetrics.map((c) => c.metrics)]).flat();
    assert.ok(metrics.length > 40);
    for (const { name, labelValues } of metrics) assert.equal(labelValues.length, keys.get(name), name);
    await cri.runtime.stopContainer({ containerId: id, timeout: 0n });
  });

  test('is told of in events, also when an earlier daemon started it', async () => {
    const id = await run('told', 'until [ -e /tmp/go ]; do sleep 0.1; done; exit 5');
    const { pid } = lab.endpoints;
    process.kill(pid, 'SIGKILL');
    await cri[Symbol.asyncDispose]();
    const attach = join(lab.folder, 'state/attach');
    await mkdir(join(attach, 'f'.repeat(64)));
    await lab.stillframe.up<Endpoints>(0);
    assert.ok((await readdir(attach)).includes(id) && !(await readdir(attach)).includes('f'.repeat(64)));
    cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    const seen: [string, ContainerEventType][] = [];
    const stop = new AbortController();
    const listening = (async () => {
      for await (const event of cri.runtime.getContainerEvents({}, { signal: stop.signal })) {
        seen.push([event.containerId, event.containerEventType]);
        assert.equal(event.podSandboxStatus?.metadata?.namespace, 'default');
        if (event.containerEventType === ContainerEventType.CONTAINER_DELETED_EVENT) return;
      }
    })();
    // Nothing says when the stream has begun; it is asked for before this call.
    await delay(300);
    await cri.runtime.execSync({ containerId: id, cmd: ['/bin/busybox', 'touch', '/tmp/go'], timeout: 10n });
    assert.equal((await ended(id)).exitCode, 5);
    await delay(200);
    await cri.runtime.removeContainer({ containerId: id });
    await listening;
    stop.abort();
    const { CONTAINER_STOPPED_EVENT, CONTAINER_DELETED_EVENT } = ContainerEventType;
    assert.deepEqual(
      seen.filter(([about]) => about === id).map(([, type]) => type),
      [CONTAINER_STOPPED_EVENT, CONTAINER_DELETED_EVENT],
    );
  });
});
