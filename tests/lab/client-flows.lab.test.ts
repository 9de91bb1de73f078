/** What crictl is taken through by hand (tests/crictl), with our own client: the parts that no other lab test goes through. */
import assert from 'node:assert/strict';
import { readFile, rename } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { NamespaceMode } from '@stillframe/cri/proto';
import { connectSpdy } from '@stillframe/cri/spdy';
import { freePort, needs } from '@stillframe/testkit';
import { type CriLab, openCriLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'socat', 'cni', 'portmap');
const COUNT = 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.02; done';
const { POD, CONTAINER } = NamespaceMode;
const namespaceOptions = { network: POD, pid: CONTAINER, ipc: POD };

describe('flows of a CRI client', { skip }, () => {
  let lab: CriLab;
  let cri: CriClient;
  before(async () => {
    lab = await openCriLab();
    cri = lab.cri;
  });
  after(() => lab?.[Symbol.asyncDispose]());

  const logs = () => join(lab.folder, 'logs');
  const runPod = async (name: string, more: object = {}) => {
    const linux = { securityContext: { namespaceOptions } };
    const config = {
      metadata: { name, uid: name, namespace: 'default' },
      logDirectory: logs(),
      linux,
      ...more,
    } as never;
    return (await cri.runtime.runPodSandbox({ config })).podSandboxId;
  };
  const run = async (podSandboxId: string, name: string, script: string, more: object = {}) => {
    const command = ['sh', '-c', script];
    const config = {
      metadata: { name },
      image: { image: lab.image },
      command,
      logPath: `${name}.log`,
      ...more,
    } as never;
    const { containerId } = await cri.runtime.createContainer({ podSandboxId, config });
    await cri.runtime.startContainer({ containerId });
    return containerId;
  };

  test('verbose status tells runtimes, CRIU and where checkpoints are; without asking it tells nothing', async () => {
    const { status, info } = await cri.runtime.status({ verbose: true });
    assert.deepEqual(
      status?.conditions.map(({ type, status: is }) => [type, is]),
      [
        ['RuntimeReady', true],
        ['NetworkReady', true],
      ],
    );
    const { runtimes, criu, checkpoints } = JSON.parse(info['config'] ?? '{}') as Record<string, unknown>;
    assert.match(String(runtimes), /runc: runc \d/);
    assert.match(String(criu), /^\d/);
    assert.equal(checkpoints, lab.endpoints.checkpoints);
    assert.deepEqual((await cri.runtime.status({})).info, {});
  });

  test('statistics of pods: all, by label, by id; figures add up and grow', async () => {
    const one = await runPod('one', { labels: { tier: 'front' } });
    const two = await runPod('two', { labels: { tier: 'back' } });
    await run(one, 'busy', 'while :; do :; done');
    await run(two, 'idle', 'sleep 1000');
    const ids = async (filter?: object) => {
      const { stats } = await cri.runtime.listPodSandboxStats({ filter: filter as never });
      return stats.map(({ attributes }) => attributes?.id).sort();
    };
    assert.deepEqual(await ids(), [one, two].sort());
    assert.deepEqual(await ids({ labelSelector: { tier: 'back' } }), [two]);
    assert.deepEqual(await ids({ id: one }), [one]);
    const used = async () => {
      const { stats } = await cri.runtime.podSandboxStats({ podSandboxId: one });
      const [container] = stats?.linux?.containers ?? [];
      assert.equal(container?.attributes?.metadata?.name, 'busy');
      assert.ok((stats?.linux?.memory?.workingSetBytes?.value ?? 0n) > 0n);
      assert.ok((stats?.linux?.process?.processCount?.value ?? 0n) >= 1n);
      assert.equal(stats?.linux?.network?.defaultInterface?.name, 'eth0');
      return stats?.linux?.cpu?.usageCoreNanoSeconds?.value ?? 0n;
    };
    const first = await used();
    await delay(1000);
    assert.ok((await used()) > first + 100_000_000n, 'a loop burns processor time');
    for (const podSandboxId of [one, two]) await cri.runtime.removePodSandbox({ podSandboxId });
  });

  test('who follows a log across its rotation misses no line and sees none twice', async () => {
    const pod = await runPod('rotated');
    const containerId = await run(pod, 'counter', COUNT);
    const path = join(logs(), 'counter.log');
    const files = [path];
    for (const round of [1, 2, 3]) {
      await delay(300);
      // As the kubelet rotates: away first, then the runtime is told.
      await rename(path, `${path}.${round}`);
      files.push(`${path}.${round}`);
      await cri.runtime.reopenContainerLog({ containerId });
    }
    await delay(300);
    await cri.runtime.stopContainer({ containerId, timeout: 0n });
    const [last = '', ...rotated] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const parts = [...rotated, last];
    assert.ok(
      parts.every((part) => part.includes('count')),
      'each file got its part',
    );
    const counts = parts
      .join('')
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ').at(-1)));
    assert.deepEqual(
      counts,
      counts.map((_, i) => i + 1),
    );
    await cri.runtime.removePodSandbox({ podSandboxId: pod });
  });

  test('attach: what is typed reaches the container, and its end ends a stdin that is open once', async () => {
    const pod = await runPod('attached');
    const script = 'while read -r line; do echo "got $line"; done; echo end of input; sleep 1000';
    const containerId = await run(pod, 'reader', script, { stdin: true, stdinOnce: true });
    const { url } = await cri.runtime.attach({ containerId, stdin: true, stdout: true, stderr: true });
    const { connection } = await connectSpdy(url, ['v4.channel.k8s.io']);
    const types = ['error', 'stdin', 'stdout', 'stderr'];
    const [, stdin, stdout] = types.map((type) => connection.open(new Map([['streamtype', type]])));
    let said = '';
    stdout?.on('data', (chunk) => {
      said += String(chunk);
    });
    const holds = async (wanted: string) => {
      for (const deadline = Date.now() + 60_000; !said.includes(wanted); await delay(20)) {
        assert.ok(Date.now() < deadline, `no ${wanted} in ${JSON.stringify(said)}`);
      }
    };
    stdin?.write('one\n');
    await holds('got one\n');
    stdin?.end('two\n');
    await holds('got two\nend of input\n');
    await connection.close();
    assert.match(await readFile(join(logs(), 'reader.log'), 'utf8'), /stdout F got one\n.* stdout F got two\n/);
    await cri.runtime.removePodSandbox({ podSandboxId: pod });
  });

  test('exec over WebSocket: input, both outputs, half-close and the exit code', async () => {
    const pod = await runPod('websocket');
    const containerId = await run(pod, 'c', 'sleep 1000');
    const cmd = ['sh', '-c', 'cat; echo err >&2; exit 3'];
    const { url } = await cri.runtime.exec({ containerId, cmd, stdin: true, stdout: true, stderr: true });
    const socket = new WebSocket(url.replace(/^http/, 'ws'), ['v5.channel.k8s.io']);
    socket.binaryType = 'arraybuffer';
    const channels = new Map<number, string>();
    socket.addEventListener('message', ({ data }) => {
      const bytes = Buffer.from(data as ArrayBuffer);
      const channel = bytes[0] ?? -1;
      channels.set(channel, (channels.get(channel) ?? '') + bytes.toString('utf8', 1));
    });
    const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error('no connection')));
    });
    assert.equal(socket.protocol, 'v5.channel.k8s.io');
    socket.send(Buffer.from([0, ...Buffer.from('hello')]));
    // Channel 255 closes the one that is named behind it.
    socket.send(Buffer.from([255, 0]));
    await closed;
    assert.deepEqual([channels.get(1), channels.get(2)], ['hello', 'err\n']);
    assert.match(channels.get(3) ?? '', /"reason":"ExitCode","message":"3"/);
    await cri.runtime.removePodSandbox({ podSandboxId: pod });
  });

  test('a host port leads into the pod, and leads nowhere once the pod is gone', async () => {
    const hostPort = await freePort();
    const portMappings = [{ protocol: 0, containerPort: 8080, hostPort, hostIp: '' }];
    const pod = await runPod('published', { portMappings });
    await run(pod, 'server', 'nc -ll -p 8080 -e echo from the pod');
    const ask = () => text(connect({ port: hostPort, host: '127.0.0.1' }));
    let answer = '';
    for (let tries = 0; answer === '' && tries < 20; tries += 1) answer = await ask().catch(() => delay(100, ''));
    assert.equal(answer, 'from the pod\n');
    await cri.runtime.stopPodSandbox({ podSandboxId: pod });
    await assert.rejects(ask(), /ECONNREFUSED/);
    await cri.runtime.removePodSandbox({ podSandboxId: pod });
  });

  test('the six calls that stream lists are answered UNIMPLEMENTED, so that clients fall back', async () => {
    const { runtime, image } = cri;
    const calls = [
      runtime.streamPodSandboxes({}),
      runtime.streamContainers({}),
      runtime.streamContainerStats({}),
      runtime.streamPodSandboxStats({}),
      runtime.streamPodSandboxMetrics({}),
      image.streamImages({}),
    ];
    for (const call of calls) {
      const drained = (async () => {
        for await (const each of call) assert.fail(`something came: ${JSON.stringify(each)}`);
      })();
      await assert.rejects(drained, (error) => isCode(error, 'ERR_CRI_UNIMPLEMENTED'));
    }
  });
});
