/** The tests of one way to hurt an archive: in files of their own, so that they run beside one another. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import type { Hurt } from './hurt.ts';
import { boundariesOf } from './places.ts';
import { Random } from './random.ts';
import { readEverything } from './subject.ts';

/** Milliseconds of processor time that any archive may take. */
const SLOW = 2000;
const FIXTURE = new URL('../../packages/checkpoint/fixtures/crio-counter.tar', import.meta.url);

/** A suite over an archive that is hurt at every boundary of it and at 2,000 seeded offsets. */
export function testHurt(what: string, hurt: Hurt): void {
  describe(`an archive ${what} ends with a result or an error of ours, soon`, () => {
    let archive: Uint8Array;
    let boundaries: readonly number[];
    before(async () => {
      archive = await readFile(FIXTURE);
      boundaries = await boundariesOf(archive);
    });

    const check = async (at: number, seed: number) => {
      try {
        const { milliseconds } = await readEverything(hurt(archive, at, new Random(seed)), { pages: false });
        assert.ok(milliseconds < SLOW, `${milliseconds} ms`);
      } catch (error) {
        throw new Error(`${hurt.name} at ${at}, seed ${seed}`, { cause: error });
      }
    };

    test('at every header and frame boundary, one before and one behind', async () => {
      assert.ok(boundaries.length > 100);
      for (const boundary of boundaries) {
        for (const at of [boundary - 1, boundary, boundary + 1]) {
          if (at >= 0 && at < archive.length) await check(at, boundary);
        }
      }
    });

    test('at seeded offsets', async () => {
      const random = new Random(4711);
      for (let seed = 0; seed < 2000; seed += 1) await check(random.below(archive.length), seed);
    });
  });
}
