/** The part of the fuzzing that every run of the tests does; `npx node tests/fuzz/run.ts` goes on from there. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { encodeTarHeader, openCheckpoint, readTarIndex } from '@stillframe/checkpoint';
import { type ByteSource, bytesSource, StillframeError } from '@stillframe/core';
import { openAddressSpace } from '@stillframe/criu-image';
import { archiveOf } from './archives.ts';
import { chainOf } from './chain.ts';
import { readEverything } from './subject.ts';

const FIXTURE = new URL('../../packages/checkpoint/fixtures/crio-counter.tar', import.meta.url);

test('the chain that the run hurts is a sound one', async () => {
  await using checkpoint = await openCheckpoint(bytesSource(await chainOf(await readFile(FIXTURE))));
  const space = (await openAddressSpace(checkpoint.images, 6)) ?? assert.fail();
  assert.equal(space.chain.levels.length, 2);
  assert.ok([...space.capturedRuns()].every(({ pages }) => pages === space.chain.levels[1]));
  assert.deepEqual(checkpoint.diagnostics(), []);
});

/** Seeds of the run that once showed a defect, and what it was. */
const SEEDS = [
  // An environment on pages of a mapped file: the table of open files was taken for files to read those from.
  337,
];

for (const seed of SEEDS) {
  test(`seed ${seed} of the run ends with a result or an error of ours`, async () => {
    assert.match((await readEverything((await archiveOf(seed)).archive)).result, /^read$|^ERR_/);
  });
}

test('an archive of more entries than are believed is given up, without having been held', async () => {
  const header = encodeTarHeader({ name: 'checkpoint/core-1.img', size: 0n, type: '0' });
  // Every block is the same header: entries without end and without a body.
  const endless: ByteSource = {
    size: 2 ** 40,
    async readInto(offset, target) {
      assert.equal(offset % 512, 0);
      for (let at = 0; at < target.length; at += 512) target.set(header.subarray(0, target.length - at), at);
      return target.length;
    },
  };
  const begin = process.cpuUsage();
  await assert.rejects(readTarIndex(endless), (error) => {
    assert.ok(StillframeError.is(error));
    return error.code === 'ERR_ARCHIVE_LIMIT_EXCEEDED';
  });
  const { user, system } = process.cpuUsage(begin);
  assert.ok((user + system) / 1000 < 10_000, `${(user + system) / 1000} ms for a million headers`);
});
