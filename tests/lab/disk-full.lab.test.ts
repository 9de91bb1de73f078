/** A capture that finds no room: a clear error, the container runs on, the space is given back. */
import assert from 'node:assert/strict';
import { mkdir, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute, numbersIn, waitForNumbers } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { openLab } from './lab.ts';

/** KiB of room: too little for CRIU's images, then for the images but not for the archive beside them. */
for (const room of [64, 256, 420]) {
  test(`a checkpoint into ${room} KiB fails without harm`, needs('checkpoint', 'docker-registry'), async () => {
    await using lab = await openLab();
    const small = join(lab.folder, 'small');
    await mkdir(small);
    await execute(['mount', '-t', 'tmpfs', '-o', `size=${room}k`, 'tmpfs', small]);
    try {
      const log = await lab.run(
        'default/counters/counter',
        'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.1; done',
      );
      await waitForNumbers(log, 0, 2, AbortSignal.timeout(10_000));
      const free = async () => (await statfs(small)).bfree;
      const before = await free();
      const asked = lab.stillframe.json(['checkpoint', 'default/counters/counter'], ['--export', join(small, 'c.tar')]);
      await assert.rejects(
        asked,
        /no space for the checkpoint in .*what was captured runs on.*ERR_CHECKPOINT_DISK_FULL/s,
      );
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
  });
}
