/** Pods on crun, asked for by runtime handler, beside pods on runc. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { findPeer, needs } from '@stillframe/testkit';
import { type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'crun');
const COUNT = 'i=0; trap "exit 5" TERM; while :; do i=$((i+1)); echo "count $i"; sleep 0.1; done';

describe('the runtime handler crun', { skip }, () => {
  let lab: Lab;
  let cri: CriClient;
  let configFolder: string;
  const connect = async () => {
    cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
  };
  before(async () => {
    configFolder = await mkdtemp(join(tmpdir(), 'stillframe-crun-'));
    const path = join(configFolder, 'node.yaml');
    // JSON is YAML.
    const broken = { name: 'broken', path: '/nowhere/crun', type: 'crun' };
    await writeFile(
      path,
      JSON.stringify({ runtimes: [{ name: 'crun', path: findPeer('crun'), type: 'crun' }, broken] }),
    );
    process.env['STILLFRAME_CONFIG'] = path;
    lab = await openLab();
    await connect();
    await cri.image.pullImage({ image: { image: lab.image } });
  });
  after(async () => {
    await cri?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
    delete process.env['STILLFRAME_CONFIG'];
    await rm(configFolder, { recursive: true, force: true });
  });

  const runPod = async (name: string, runtimeHandler: string) => {
    const metadata = { name, uid: name, namespace: 'default' };
    const config = { metadata, logDirectory: join(lab.folder, 'logs', name) } as never;
    return (await cri.runtime.runPodSandbox({ config, runtimeHandler })).podSandboxId;
  };
  const create = async (podSandboxId: string, from: string, command = ['sh', '-c', COUNT]) => {
    const config = { metadata: { name: 'c' }, image: { image: from }, command, logPath: 'c.log' } as never;
    return (await cri.runtime.createContainer({ podSandboxId, config })).containerId;
  };
  const run = async (pod: string, from: string) => {
    const containerId = await create(pod, from);
    await cri.runtime.startContainer({ containerId });
    return containerId;
  };
  const log = async (pod: string) =>
    (await readFile(join(lab.folder, 'logs', pod, 'c.log'), 'utf8')).trim().split('\n');
  const countIn = async (pod: string) => Number((await log(pod)).at(-1)?.split(' ').at(-1));
  const said = async (containerId: string, script: string) => {
    const { stdout } = await cri.runtime.execSync({ containerId, cmd: ['sh', '-c', script], timeout: 10n });
    return new TextDecoder().decode(stdout);
  };

  test('is told with its version; one that does not work is told with the reason and refused', async () => {
    const { runtimeHandlers, info } = await cri.runtime.status({ verbose: true });
    assert.deepEqual(
      runtimeHandlers.map(({ name }) => name),
      ['', 'runc', 'crun'],
    );
    const { runtimes } = JSON.parse(info['config'] ?? '{}') as { runtimes: string[] };
    assert.match(runtimes.join('\n'), /^runc: runc \d.*\ncrun: crun \d.*\nbroken: .*nowhere/);
    await assert.rejects(runPod('x', 'broken'), { message: /"broken" does not work here: / });
    await assert.rejects(runPod('x', 'kata'), { message: /runtime handler "kata" is not known/ });
  });

  test('runs, limits, executes in and stops a container, which the next daemon takes over', async () => {
    const pod = await runPod('life', 'crun');
    const containerId = await run(pod, lab.image);
    assert.equal(await said(containerId, 'echo in'), 'in\n');
    await cri.runtime.updateContainerResources({ containerId, linux: { memoryLimitInBytes: 64n << 20n } as never });
    const { stats } = await cri.runtime.containerStats({ containerId });
    assert.ok((stats?.memory?.availableBytes?.value ?? 0n) <= 64n << 20n);
    process.kill(lab.endpoints.pid, 'SIGKILL');
    await lab.stillframe.up(0);
    await cri[Symbol.asyncDispose]();
    await connect();
    const before = await countIn('life');
    await delay(400);
    assert.ok((await countIn('life')) > before);
    await cri.runtime.stopContainer({ containerId, timeout: 5n });
    assert.equal((await cri.runtime.containerStatus({ containerId })).status?.exitCode, 5);
    await cri.runtime.removePodSandbox({ podSandboxId: pod });
  });

  test('restores what it dumped, and leaves to runc what runc dumped', async () => {
    const archives: [string, string][] = [];
    for (const handler of ['crun', 'runc']) {
      const pod = await runPod(`of-${handler}`, handler);
      const containerId = await run(pod, lab.image);
      await said(containerId, 'echo kept > /kept');
      await delay(400);
      const location = join(lab.folder, `${handler}.tar`);
      await cri.runtime.checkpointContainer({ containerId, location });
      archives.push([handler, location]);
      await cri.runtime.removePodSandbox({ podSandboxId: pod });
    }
    for (const [from, location] of archives) {
      const [pod, other] = [
        await runPod(`${from}-copy`, from),
        await runPod(`${from}-other`, from === 'crun' ? 'runc' : 'crun'),
      ];
      await assert.rejects(create(other, location), {
        message: new RegExp(`was dumped on ${from}, and (runc|crun) cannot`),
      });
      const copy = await run(pod, location);
      const before = await countIn(`${from}-copy`);
      await delay(500);
      assert.ok((await countIn(`${from}-copy`)) > before, `the copy counts on from ${before}`);
      assert.equal(await said(copy, 'cat /kept; ls -A /sys/firmware; cat /proc/keys'), 'kept\n');
      const counts = (await log(`${from}-copy`)).map((line) => Number(line.split(' ').at(-1)));
      assert.deepEqual(
        counts,
        counts.map((_, i) => i + 1),
        'nothing is counted twice or left out',
      );
      for (const podSandboxId of [pod, other]) await cri.runtime.removePodSandbox({ podSandboxId });
    }
  });

  test('its failures name it, not runc', async () => {
    const pod = await runPod('failing', 'crun');
    await assert.rejects(create(pod, lab.image, ['/no/such/program']), (error: Error) => {
      assert.doesNotMatch(error.message, /runc/);
      assert.match(error.message, /no\/such\/program/);
      return true;
    });
    await cri.runtime.removePodSandbox({ podSandboxId: pod });
  });
});
