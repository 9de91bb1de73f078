/** The tests of one way to hurt an archive: in files of their own, so that they run beside one another. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inThread } from '@stillframe/testkit';
import type { HurtWork } from './hurt-thread.ts';
import { boundariesOf, inPages } from './places.ts';
import { Random } from './random.ts';

const THREAD = new URL('./hurt-thread.ts', import.meta.url);
const FIXTURE = fileURLToPath(new URL('../../packages/checkpoint/fixtures/crio-counter.tar', import.meta.url));

/** A suite over an archive that is hurt at every boundary of it and at as many seeded offsets as 2,000 have outside its pages. */
export function testHurt(what: string, hurt: HurtWork['hurt']): void {
  describe(`an archive ${what} ends with a result or an error of ours, soon`, () => {
    let archive: Uint8Array;
    before(async () => {
      archive = await readFile(FIXTURE);
    });

    const check = (places: HurtWork['places']) =>
      inThread(THREAD, { hurt, archive: FIXTURE, places } satisfies HurtWork);

    test('at every header and frame boundary, one before and one behind', async () => {
      const boundaries = await boundariesOf(archive);
      assert.ok(boundaries.length > 100);
      const places = boundaries.flatMap((boundary) =>
        [boundary - 1, boundary, boundary + 1].map((at) => [at, boundary] as const),
      );
      await check(places.filter(([at]) => at >= 0 && at < archive.length));
    });

    test('at seeded offsets', async () => {
      const random = new Random(4711);
      const seeded = Array.from({ length: 2000 }, (_, seed) => [random.below(archive.length), seed] as const);
      const inert = await inPages(archive);
      const places = seeded.filter(([at]) => !inert(at));
      assert.ok(places.length > 300);
      await check(places);
    });
  });
}
