/** Plugins of the Node Resource Interface on a real node: what they hear, and what they make of real containers. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { CriClient } from '@stillframe/cri/client';
import { ContainerState } from '@stillframe/cri/proto';
import { connectPlugin, type Event, type PluginHandlers } from '@stillframe/nri/plugin';
import { needs } from '@stillframe/testkit';
import { type CriLab, openCriLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');
type Config = NonNullable<Parameters<CriClient['runtime']['createContainer']>[0]['config']>;
const COUNT = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done';

describe('NRI plugins', { skip }, () => {
  let lab: CriLab;
  let cri: CriClient;
  let socket: string;
  let shared: string;
  before(async () => {
    lab = await openCriLab();
    cri = lab.cri;
    socket = join(lab.folder, 'state/nri.sock');
    shared = join(lab.folder, 'shared');
    await mkdir(shared);
    await writeFile(join(shared, 'word'), 'seen\n');
  });
  after(() => lab?.[Symbol.asyncDispose]());

  const plugin = async (index: string, handlers: Partial<PluginHandlers>, events?: readonly Event[]) => {
    const connected = await connectPlugin(socket, { name: 'lab', index, handlers, ...(events ? { events } : {}) });
    await connected.ready;
    // The node takes it in once it has the answer to all that is there.
    await delay(100);
    return connected;
  };
  const pod = async (name: string, annotations: Record<string, string> = {}) => {
    const metadata = { name, uid: name, namespace: 'default' };
    const network = { 'io.stillframe.network': 'none', ...annotations };
    const config = { metadata, logDirectory: join(lab.folder, 'logs'), annotations: network };
    return (await cri.runtime.runPodSandbox({ config })).podSandboxId;
  };
  const create = async (podSandboxId: string, name: string, script: string, more: Partial<Config> = {}) => {
    const command = script === '' ? [] : ['/bin/busybox', 'sh', '-c', script];
    const config = {
      metadata: { name },
      image: { image: lab.image },
      command,
      logPath: `${name}.log`,
      ...more,
    } as Config;
    return (await cri.runtime.createContainer({ podSandboxId, config })).containerId;
  };
  const statusOf = async (containerId: string) => {
    const { status, info } = await cri.runtime.containerStatus({ containerId, verbose: true });
    assert.ok(status);
    return { ...status, clamped: (JSON.parse(info['info'] ?? '{}') as { clamped?: string[] }).clamped ?? [] };
  };
  const ended = async (id: string) => {
    for (const end = Date.now() + 60_000; Date.now() < end; await delay(50)) {
      const status = await statusOf(id);
      if (status.state === ContainerState.CONTAINER_EXITED) return status;
    }
    assert.fail(`${id} does not end`);
  };
  const until = async (holds: () => boolean) => {
    for (const end = Date.now() + 60_000; !holds(); await delay(20))
      if (Date.now() > end) assert.fail('it does not come');
  };
  const said = async (name: string) =>
    (await readFile(join(lab.folder, 'logs', `${name}.log`), 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ').slice(3).join(' '));

  test('one adds a variable, a mount, a device, a hook and limits to a container, and hears its life', async () => {
    const heard: string[] = [];
    const hear = (what: string) => (request: object) => {
      const { container } = request as { container?: { name: string } };
      heard.push(container ? `${what} ${container.name}` : what);
      return {};
    };
    await using _plugin = await plugin('10', {
      runPodSandbox: hear('run'),
      postCreateContainer: hear('created'),
      startContainer: hear('start'),
      postStartContainer: hear('started'),
      stopContainer: hear('stopped'),
      removeContainer: hear('removed'),
      stopPodSandbox: hear('stop'),
      removePodSandbox: hear('remove'),
      createContainer: ({ container }) => {
        assert.ok(container?.mounts.some(({ destination }) => destination === '/proc'));
        assert.deepEqual(container?.args.slice(0, 2), ['/bin/busybox', 'sh']);
        heard.push(`create ${container?.name}`);
        const hook = ['sh', '-c', `cat > /dev/null; echo hooked > ${join(shared, 'hook')}`];
        return {
          adjust: {
            annotations: { plugged: 'in' },
            env: [{ key: 'WORD', value: 'from the plugin' }],
            mounts: [{ destination: '/plugged', type: 'bind', source: shared, options: ['rbind', 'ro'] }],
            hooks: { createRuntime: [{ path: '/bin/sh', args: hook }] },
            rlimits: [{ type: 'RLIMIT_CORE', hard: 0n, soft: 0n }],
            linux: {
              devices: [{ path: '/dev/plugged', type: 'c', major: 1n, minor: 7n, fileMode: { value: 0o666 } }],
              resources: { memory: { limit: { value: 64n << 20n } }, cpu: { shares: { value: 300n } } },
              oomScoreAdj: { value: 777n },
            },
          },
        };
      },
    });
    const sandbox = await pod('whole');
    const script = [
      'echo "$WORD"',
      'cat /plugged/word',
      '{ echo x > /plugged/new; } 2>/dev/null || echo read-only',
      '{ echo x > /dev/plugged; } 2>/dev/null || echo full',
      'cat /proc/self/oom_score_adj',
      'ulimit -c',
    ].join('; ');
    const id = await create(sandbox, 'whole', script);
    const { resources } = await statusOf(id);
    assert.equal(resources?.linux?.memoryLimitInBytes, 64n << 20n);
    await cri.runtime.startContainer({ containerId: id });
    assert.equal((await ended(id)).exitCode, 0);
    assert.deepEqual(await said('whole'), ['from the plugin', 'seen', 'read-only', 'full', '777', '0']);
    assert.equal(await readFile(join(shared, 'hook'), 'utf8'), 'hooked\n');
    const spec = JSON.parse(await readFile(join(lab.folder, 'state/bundles', id, 'config.json'), 'utf8'));
    assert.equal(spec.annotations.plugged, 'in');
    assert.deepEqual((await statusOf(id)).annotations, {}, 'what the client gave is as it gave it');
    // It ended by itself, and the plugin hears of that before anyone removes it.
    await until(() => heard.includes('stopped whole'));
    await cri.runtime.removePodSandbox({ podSandboxId: sandbox });
    const container = ['create', 'created', 'start', 'started', 'stopped'].map((what) => `${what} whole`);
    assert.deepEqual(heard, ['run', ...container, 'stop', 'removed whole', 'remove']);
  });

  test('a refusal, a conflict and an impossible wish end the creation, and nothing is left', async () => {
    const folders = async () =>
      Promise.all(['state/bundles', 'root/containers'].map((folder) => readdir(join(lab.folder, folder))));
    const sandbox = await pod('refused');
    const before = await folders();
    const rejected = async (text: RegExp) => {
      await assert.rejects(create(sandbox, 'refused', 'true'), { code: 'ERR_CRI_FAILED_PRECONDITION', message: text });
      assert.deepEqual(await folders(), before);
      assert.deepEqual((await cri.runtime.listContainers({ filter: { podSandboxId: sandbox } })).containers, []);
    };
    {
      await using _plugin = await plugin('10', {
        createContainer: () => {
          throw new Error('not on this node');
        },
      });
      await rejected(/10-lab refused CreateContainer: not on this node/);
    }
    {
      const sets = { createContainer: () => ({ adjust: { env: [{ key: 'SAME', value: 'x' }] } }) };
      await using _one = await plugin('10', sets);
      await using _other = await plugin('20', sets);
      await rejected(/10-lab and 20-lab both set Env SAME/);
    }
    {
      await using _plugin = await plugin('10', {
        createContainer: () => ({ adjust: { CDIDevices: [{ name: 'v/c=0' }] } }),
      });
      await rejected(/CDI devices, which this node does not do/);
    }
    {
      await using _plugin = await plugin('10', {
        runPodSandbox: () => {
          throw new Error('no pods');
        },
      });
      await assert.rejects(pod('not'), { message: /no pods/ });
    }
    await cri.runtime.removePodSandbox({ podSandboxId: sandbox });
    assert.deepEqual((await cri.runtime.listPodSandbox({})).items, []);
  });

  test('one that hangs is closed, and the container is made without it', async () => {
    const hanging = await plugin('10', { createContainer: () => new Promise(() => undefined) });
    const sandbox = await pod('hanging');
    const from = performance.now();
    await create(sandbox, 'hanging', 'true');
    assert.ok(performance.now() - from < 60_000);
    await hanging.closed;
    await cri.runtime.removePodSandbox({ podSandboxId: sandbox });
  });

  test('limits: changed with the client, of their own accord, and a container is evicted', async () => {
    const known: string[] = [];
    const sandbox = await pod('limits');
    const id = await create(sandbox, 'limits', `trap "exit 0" TERM; ${COUNT}`);
    await cri.runtime.startContainer({ containerId: id });
    await using changing = await plugin('10', {
      synchronize: ({ containers, more }) => {
        known.push(...containers.map(({ id: each, args }) => `${each} ${args[0]}`));
        return { more };
      },
      updateContainer: ({ container }) => ({
        update: [{ containerId: container?.id ?? '', linux: { resources: { cpu: { shares: { value: 400n } } } } }],
      }),
    });
    assert.deepEqual(known, [`${id} /bin/busybox`]);
    await cri.runtime.updateContainerResources({ containerId: id, linux: { cpuPeriod: 100_000n, cpuQuota: 50_000n } });
    const limits = async () => {
      const { cpuQuota, cpuShares, memoryLimitInBytes } = (await statusOf(id)).resources?.linux ?? {};
      return [cpuQuota, cpuShares, memoryLimitInBytes];
    };
    assert.deepEqual(await limits(), [50_000n, 400n, 0n]);
    const memory = (limit: bigint) => ({ resources: { memory: { limit: { value: limit } } } });
    const failed = await changing.updateContainers({
      update: [
        { containerId: id, linux: memory(96n << 20n) },
        { containerId: 'f'.repeat(64), linux: memory(1n << 20n) },
      ],
    });
    assert.deepEqual(
      failed.map(({ containerId }) => containerId),
      ['f'.repeat(64)],
    );
    assert.deepEqual(await limits(), [50_000n, 400n, 96n << 20n]);
    await changing.updateContainers({ evict: [{ containerId: id, reason: 'room is needed' }] });
    await ended(id);
    await cri.runtime.removePodSandbox({ podSandboxId: sandbox });
  });

  test('a copy keeps the shape of its checkpoint, a forensic one keeps shut; limits hold for both', async () => {
    const adjust = {
      env: [{ key: 'WORD', value: 'x' }],
      mounts: [{ destination: '/plugged', type: 'bind', source: shared, options: ['rbind'] }],
    };
    const sandbox = await pod('copied');
    const location = join(lab.folder, 'copied.tar');
    const mounts = [{ containerPath: '/plugged', hostPath: shared }] as Config['mounts'];
    {
      await using _plugin = await plugin('10', { createContainer: () => ({ adjust }) });
      const id = await create(sandbox, 'original', COUNT);
      await cri.runtime.startContainer({ containerId: id });
      await delay(500);
      await cri.runtime.checkpointContainer({ containerId: id, location });
    }
    const limited = { ...adjust, linux: { resources: { memory: { limit: { value: 128n << 20n } } } } };
    await using _plugin = await plugin('10', { createContainer: () => ({ adjust: limited }) });
    const image = { image: location } as Config['image'];
    await assert.rejects(create(sandbox, 'undeclared', '', { image }), { message: /\/plugged/ });
    const copy = await create(sandbox, 'copy', '', { image, mounts });
    await cri.runtime.startContainer({ containerId: copy });
    await delay(500);
    const numbers = (await said('copy')).map(Number);
    assert.ok(numbers.length > 12, `${numbers.length} lines`);
    assert.deepEqual(
      numbers,
      numbers.map((_n, i) => i + 1),
    );
    const status = await statusOf(copy);
    assert.equal(status.resources?.linux?.memoryLimitInBytes, 128n << 20n);
    assert.deepEqual(
      status.clamped.filter((text) => text.startsWith('NRI')),
      ['variables', 'mounts'].map((what) => `NRI: ${what} of plugins left out: the processes come from a checkpoint`),
    );
    const shut = await pod('shut', { 'io.stillframe.sandbox': 'forensic' });
    const inside = await create(shut, 'inside', 'ls -d /plugged || echo nothing');
    await cri.runtime.startContainer({ containerId: inside });
    await ended(inside);
    assert.ok((await said('inside')).includes('nothing'));
    for (const podSandboxId of [sandbox, shut]) await cri.runtime.removePodSandbox({ podSandboxId });
  });

  test('the socket is there for root alone', async () => {
    assert.equal((await stat(socket)).mode & 0o777, 0o600);
  });
});
