/** A capture that finds no room: a clear error, the container runs on, the space is given back. */
import assert from 'node:assert/strict';
import { mkdir, readdir, rmdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCriClient } from '@stillframe/cri/client';
import { execute, numbersIn, waitForNumbers } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Lab, openLab } from './lab.ts';

/** Runs `work` with a folder that has `room` KiB; asserts that nothing of it is left there and the container counts on. */
async function inSmallFolder(room: number, lab: Lab, log: string, work: (small: string) => Promise<void>) {
  const small = join(lab.folder, 'small');
  await mkdir(small);
  await execute(['mount', '-t', 'tmpfs', '-o', `size=${room}k`, 'tmpfs', small]);
  try {
    await waitForNumbers(log, 0, 2, AbortSignal.timeout(10_000));
    const free = async () => (await statfs(small)).bfree;
    const before = await free();
    await work(small);
    assert.deepEqual(await readdir(small), []);
    assert.equal(await free(), before, 'the space is given back');
    const numbers = await waitForNumbers(log, (await numbersIn(log)).length, 3, AbortSignal.timeout(10_000));
    assert.deepEqual(
      numbers,
      numbers.map((_n, i) => i + 1),
    );
  } finally {
    await execute(['umount', small]);
  }
}

const COUNT = 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.1; done';
const NO_SPACE = /no space for the checkpoint in .*what was captured runs on.*/s;

/** KiB of room: too little for CRIU's images, then for the images but not for the archive beside them. */
const ROOMS = [64, 256, 420];

for (const room of ROOMS) {
  test(`a checkpoint into ${room} KiB fails without harm`, needs('checkpoint', 'docker-registry'), async () => {
    await using lab = await openLab();
    const log = await lab.run('default/counters/counter', COUNT);
    await inSmallFolder(room, lab, log, async (small) => {
      const asked = lab.stillframe.json(['checkpoint', 'default/counters/counter'], ['--export', join(small, 'c.tar')]);
      await assert.rejects(
        asked,
        /no space for the checkpoint in .*what was captured runs on.*ERR_CHECKPOINT_DISK_FULL/s,
      );
    });
  });
}

/** The same over the CRI, with a second container or another wish for its end. */
for (const room of ROOMS) {
  test(
    `of a pod and of a container to be ended, into ${room} KiB`,
    needs('checkpoint', 'docker-registry'),
    async () => {
      await using lab = await openLab();
      await using cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
      await cri.image.pullImage({ image: { image: lab.image } });
      const logDirectory = join(lab.folder, 'logs');
      const metadata = { name: 'pod', uid: 'pod', namespace: 'default' };
      const { podSandboxId } = await cri.runtime.runPodSandbox({ config: { metadata, logDirectory } });
      const containerIds: string[] = [];
      for (const name of ['one', 'two']) {
        const { containerId } = await cri.runtime.createContainer({
          podSandboxId,
          config: {
            metadata: { name },
            image: { image: lab.image },
            command: ['/bin/busybox', 'sh', '-c', COUNT],
            logPath: `${name}.log`,
            annotations: { 'io.stillframe.criu/leave-running': 'false' },
          },
        });
        await cri.runtime.startContainer({ containerId });
        containerIds.push(containerId);
      }
      for (const name of ['one', 'two']) {
        await inSmallFolder(room, lab, join(logDirectory, `${name}.log`), async (outputPath) => {
          await assert.rejects(cri.runtime.checkpointPod({ podSandboxId, outputPath, containerIds }), NO_SPACE);
          const [containerId = ''] = containerIds;
          const location = join(outputPath, 'c.tar');
          await assert.rejects(cri.runtime.checkpointContainer({ containerId, location }), NO_SPACE);
        });
        await rmdir(join(lab.folder, 'small'));
      }
    },
  );
}
