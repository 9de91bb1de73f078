/** Checkpoints of podman restored here, and ours restored by podman. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needs } from '@stillframe/testkit';
import { CHANGED, CHANGES, type EngineLab, KEYS, openEngineLab, SCRIPTS } from './engine-lab.ts';
import { openPodman, podmanCheckpoint } from './engines.ts';

describe('podman and us', needs('checkpoint', 'docker-registry', 'redis', 'podman'), () => {
  let engines: EngineLab;
  before(async () => {
    engines = await openEngineLab();
  });
  after(() => engines?.[Symbol.asyncDispose]());

  for (const [name, script] of SCRIPTS) {
    test(`podman’s ${name} comes back here`, async () => {
      const { lab, ours, image, start, run, hasKeys, hasChanges, goesOn } = engines;
      const archive = join(lab.folder, `podman-${name}.tar`);
      await podmanCheckpoint(join(lab.folder, 'podman'), image, script, archive);
      const { containerId, podSandboxId, logPath } = await start(ours, `from-podman-${name}`, archive);
      if (name === 'redis') await hasKeys(ours, containerId);
      else {
        await goesOn(logPath);
        await hasChanges(ours, containerId);
      }
      assert.equal(await run(ours, containerId, ['cat', '/scratch/file', '/dev/shm/file']), 'scratch\nshm\n');
      await ours.runtime.removePodSandbox({ podSandboxId });
    });
  }

  test('our counter and redis, laid out for podman, come back there from the archive and from the image', async () => {
    const { lab, ours, image, start } = engines;
    await using theirs = await openPodman(join(lab.folder, 'podman'));
    await theirs.run('pull', '--quiet', '--tls-verify=false', image);
    for (const [name, script] of SCRIPTS) {
      const source = await start(ours, `lend-${name}`, image, { command: ['sh', '-c', script] });
      await delay(2000);
      const location = join(lab.folder, `for-podman-${name}.tar`);
      await ours.runtime.checkpointContainer({ containerId: source.containerId, location });
      await ours.runtime.removePodSandbox({ podSandboxId: source.podSandboxId });
      const reference = `${lab.registry}/for-podman/${name}:v1`;
      await lab.stillframe.read(['image', 'build', location, '-t', reference, '--for', 'podman']);
      const { archive } = await lab.stillframe.read<{ archive: string }>(['convert', location, '--for', 'podman']);
      const packed = `${lab.registry}/for-podman/${name}:zstd`;
      await lab.stillframe.read(['image', 'build', location, '-t', packed, '--for', 'podman', '--zstd']);
      const { archive: zstd } = await lab.stillframe.read<{ archive: string }>([
        ...['convert', location, '--for', 'podman', '--zstd'],
      ]);
      for (const image of [reference, packed]) await theirs.run('pull', '--quiet', '--tls-verify=false', image);
      for (const from of [['--import', archive], [reference], ['--import', zstd], [packed]]) {
        const { stdout } = await theirs.run('container', 'restore', '--tcp-established', ...from);
        const id = stdout.trim();
        const inside = async (...command: string[]) => (await theirs.run('exec', id, ...command)).stdout;
        if (name === 'redis') {
          assert.equal(await inside(...KEYS), 'alice\nbob\n4111111111111111\n');
          assert.equal(
            await inside('redis-cli', 'publish', 'news', 'hello'),
            '1\n',
            'the subscriber is still connected',
          );
        } else {
          assert.equal(await inside(...CHANGES), CHANGED);
          const lines = async () => (await theirs.run('logs', id)).stdout.trim().split('\n').map(Number);
          const before = await lines();
          await delay(500);
          const after = await lines();
          assert.ok(after.length > before.length);
          assert.ok(after.every((number, at) => at === 0 || number === (after[at - 1] ?? 0) + 1));
          // An image brings no log; an archive brings the one of the source.
          assert.equal(after[0] === 1, from.length === 2);
        }
        await theirs.run('rm', '--force', '--time', '0', id);
      }
    }
  });
});
