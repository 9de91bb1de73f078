/** The part of the fuzzing that every run of the tests does; `npx node tests/fuzz/run.ts` goes on from there. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { encodeTarHeader, openCheckpoint, readTarIndex } from '@stillframe/checkpoint';
import { type ByteSource, bytesSource, StillframeError } from '@stillframe/core';
import { openAddressSpace } from '@stillframe/criu-image';
import { chainOf } from './chain.ts';
import { flip, grow, type Hurt, truncate } from './hurt.ts';
import { boundariesOf } from './places.ts';
import { Random } from './random.ts';
import { readEverything } from './subject.ts';

/** Milliseconds of processor time that any archive may take. */
const SLOW = 2000;
const FIXTURE = new URL('../../packages/checkpoint/fixtures/crio-counter.tar', import.meta.url);

describe('a hurt archive ends with a result or an error of ours, soon', () => {
  let archive: Uint8Array;
  let boundaries: readonly number[];
  before(async () => {
    archive = await readFile(FIXTURE);
    boundaries = await boundariesOf(archive);
  });

  const check = async (hurt: Hurt, at: number, seed: number) => {
    try {
      const { milliseconds } = await readEverything(hurt(archive, at, new Random(seed)), { pages: false });
      assert.ok(milliseconds < SLOW, `${milliseconds} ms`);
    } catch (error) {
      throw new Error(`${hurt.name} at ${at}, seed ${seed}`, { cause: error });
    }
  };

  for (const [what, hurt] of Object.entries({ 'cut off': truncate, 'turned a bit of': flip, grown: grow })) {
    test(`${what} at every header and frame boundary, one before and one behind`, async () => {
      assert.ok(boundaries.length > 100);
      for (const boundary of boundaries) {
        for (const at of [boundary - 1, boundary, boundary + 1]) {
          if (at >= 0 && at < archive.length) await check(hurt, at, boundary);
        }
      }
    });

    test(`${what} at seeded offsets`, async () => {
      const random = new Random(4711);
      for (let seed = 0; seed < 2000; seed += 1) await check(hurt, random.below(archive.length), seed);
    });
  }
});

test('the chain that the run hurts is a sound one', async () => {
  await using checkpoint = await openCheckpoint(bytesSource(await chainOf(await readFile(FIXTURE))));
  const space = (await openAddressSpace(checkpoint.images, 6)) ?? assert.fail();
  assert.equal(space.chain.levels.length, 2);
  assert.ok([...space.capturedRuns()].every(({ pages }) => pages === space.chain.levels[1]));
  assert.deepEqual(checkpoint.diagnostics(), []);
});

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
