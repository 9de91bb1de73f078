/** A capture that finds no room: a clear error, the container runs on, the space is given back. */
import assert from 'node:assert/strict';
import { mkdir, readdir, rmdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execute, numbersIn, waitForNumbers } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type CriLab, type Lab, openCriLab } from './lab.ts';

/** Runs `work` with a folder that has `room` KiB; asserts that nothing of it is left there and the container counts on. */
async function inSmallFolder(room: number, lab: Lab, log: string, work: (small: string) => Promise<void>) {
  const small = join(lab.folder, 'small');
  await mkdir(small);
  await execute(['mount', '-t', 'tmpfs', '-o', `size=${room}k`, 'tmpfs', small]);
  try {
    await waitForNumbers(log, 0, 2, AbortSignal.timeout(60_000));
    const free = async () => (await statfs(small)).bfree;
    const before = await free();
    await work(small);
    assert.deepEqual(await readdir(small), []);
    assert.equal(await free(), before, 'the space is given back');
    const numbers = await waitForNumbers(log, (await numbersIn(log)).length, 3, AbortSignal.timeout(60_000));
    assert.deepEqual(
      numbers,
      numbers.map((_n, i) => i + 1),
    );
  } finally {
    await execute(['umount', small]);
    await rmdir(small);
  }
}

const COUNT = 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.1; done';
const NO_SPACE = /no space for the checkpoint in .*what was captured runs on.*/s;

/** KiB of room: too little for CRIU's images, then for the images but not for the archive beside them. */
const ROOMS = [64, 256, 420];

describe('a capture that finds no room', needs('checkpoint', 'docker-registry'), () => {
  let lab: CriLab;
  before(async () => {
    lab = await openCriLab();
  });
  after(() => lab?.[Symbol.asyncDispose]());

  for (const room of ROOMS) {
    test(`a checkpoint into ${room} KiB fails without harm`, async () => {
      const address = `default/counters-${room}/counter`;
      const log = await lab.run(address, COUNT);
      await inSmallFolder(room, lab, log, async (small) => {
        const asked = lab.stillframe.json(['checkpoint', address], ['--export', join(small, 'c.tar')]);
        await assert.rejects(
          asked,
          /no space for the checkpoint in .*what was captured runs on.*ERR_CHECKPOINT_DISK_FULL/s,
        );
      });
    });
  }

  /** The same over the CRI, with a second container or another wish for its end. */
  for (const room of ROOMS) {
    test(`of a pod and of a container to be ended, into ${room} KiB`, async () => {
      const { runtime } = lab.cri;
      const logDirectory = join(lab.folder, `logs-${room}`);
      const metadata = { name: `pod-${room}`, uid: `pod-${room}`, namespace: 'default' };
      const { podSandboxId } = await runtime.runPodSandbox({ config: { metadata, logDirectory } });
      const containerIds: string[] = [];
      for (const name of ['one', 'two']) {
        const { containerId } = await runtime.createContainer({
          podSandboxId,
          config: {
            metadata: { name },
            image: { image: lab.image },
            command: ['/bin/busybox', 'sh', '-c', COUNT],
            logPath: `${name}.log`,
            annotations: { 'io.stillframe.criu/leave-running': 'false' },
          },
        });
        await runtime.startContainer({ containerId });
        containerIds.push(containerId);
      }
      for (const name of ['one', 'two']) {
        await inSmallFolder(room, lab, join(logDirectory, `${name}.log`), async (outputPath) => {
          await assert.rejects(runtime.checkpointPod({ podSandboxId, outputPath, containerIds }), NO_SPACE);
          const [containerId = ''] = containerIds;
          const location = join(outputPath, 'c.tar');
          await assert.rejects(runtime.checkpointContainer({ containerId, location }), NO_SPACE);
        });
      }
    });
  }
});
