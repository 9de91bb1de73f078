/** Images mounted into containers. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CriClient } from '@stillframe/cri/client';
import { needs } from '@stillframe/testkit';
import { type CriLab, openCriLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');

describe('an image volume', { skip }, () => {
  let lab: CriLab;
  let cri: CriClient;
  let podSandboxId: string;
  const pod = {
    metadata: { name: 'volumes', uid: 'volumes', namespace: 'default' },
    annotations: { 'io.stillframe.network': 'none' },
  };
  before(async () => {
    lab = await openCriLab();
    cri = lab.cri;
    Object.assign(pod, { logDirectory: join(lab.folder, 'logs') });
    ({ podSandboxId } = await cri.runtime.runPodSandbox({ config: pod as never }));
  });
  after(() => lab?.[Symbol.asyncDispose]());

  const create = async (name: string, from: string, mounts: object[]) => {
    const command = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.1; done'];
    const config = { metadata: { name }, image: { image: from }, command, logPath: `${name}.log`, mounts } as never;
    return (await cri.runtime.createContainer({ podSandboxId, config, sandboxConfig: pod as never })).containerId;
  };
  const run = async (containerId: string, ...cmd: string[]) => {
    const { stdout, exitCode } = await cri.runtime.execSync({ containerId, cmd, timeout: 10n });
    return { text: Buffer.from(stdout).toString(), exitCode };
  };
  const whole = () => ({ containerPath: '/whole', readonly: true, image: { image: lab.image } });

  test('shows the image or a part of it, is executable and cannot be written', async () => {
    const part = { ...whole(), containerPath: '/part', imageSubPath: 'bin' };
    const containerId = await create('user', lab.image, [whole(), part]);
    await cri.runtime.startContainer({ containerId });
    assert.equal((await run(containerId, '/whole/bin/busybox', 'echo', 'run')).text, 'run\n');
    assert.equal((await run(containerId, '/part/busybox', 'echo', 'run')).text, 'run\n');
    assert.notEqual((await run(containerId, 'busybox', 'touch', '/whole/new')).exitCode, 0);
    const { status } = await cri.runtime.containerStatus({ containerId });
    const { image } = await cri.image.imageStatus({ image: { image: lab.image } });
    assert.deepEqual(
      status?.mounts.map((mount) => mount.image?.imageRef),
      [image?.id, image?.id],
    );
  });

  test('is declared again at the restore, and seen there', async () => {
    const [source] = (await cri.runtime.listContainers({})).containers;
    const location = join(lab.folder, 'user.tar');
    await cri.runtime.checkpointContainer({ containerId: source?.id ?? '', location });
    await assert.rejects(create('bare', location, []), /\/whole/);
    const part = { ...whole(), containerPath: '/part', imageSubPath: 'bin' };
    const containerId = await create('copy', location, [whole(), part]);
    await cri.runtime.startContainer({ containerId });
    assert.equal((await run(containerId, '/part/busybox', 'echo', 'run')).text, 'run\n');
  });

  test('is refused where it is to be written, is no part of the image, or leads out of it', async () => {
    const refused: [object, RegExp][] = [
      [{ ...whole(), readonly: false }, /must be read-only/],
      [{ ...whole(), imageSubPath: 'no/such' }, /is not there/],
      [{ ...whole(), imageSubPath: 'bin/sh' }, /through a link/],
      [{ ...whole(), imageSubPath: '../..' }, /leaves the image/],
      [{ ...whole(), image: { image: 'nowhere.test/nothing:1' } }, /there is no image/],
    ];
    for (const [mount, why] of refused) await assert.rejects(create('refused', lab.image, [mount]), why);
    assert.equal((await cri.runtime.listContainers({})).containers.length, 2);
  });
});
