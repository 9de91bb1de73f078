import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource, readAll, StillframeError } from '@stillframe/core';
import fc from 'fast-check';
import { type Extent, ExtentList, extentSource, ZEROES } from '../../extents.ts';
import { decodeRecipe, encodeRecipe, FIRST_PACK, REST } from './recipe.ts';

const GRANULE = 4096;

/** Runs as a scan makes them: the rest from its start on, packs by whole granules. */
const runs = fc
  .array(
    fc.record({
      source: fc.nat(FIRST_PACK + 3),
      page: fc.nat(1000),
      count: fc.integer({ min: 1, max: 50 }),
    }),
    { maxLength: 60 },
  )
  .map((list) => {
    const extents = new ExtentList();
    let rest = 0;
    for (const { source, page, count } of list) {
      if (source === REST) extents.push(REST, rest, count);
      else extents.push(source, page * GRANULE, count * GRANULE);
      if (source === REST) rest += count;
    }
    return extents;
  });

test('a recipe comes back from its bytes', () => {
  fc.assert(
    fc.property(runs, (extents) => {
      const back = decodeRecipe(encodeRecipe({ granule: GRANULE, extents }));
      assert.equal(back.granule, GRANULE);
      assert.deepEqual([...back.extents], [...extents]);
    }),
  );
});

test('any bytes are a recipe of sound runs or a typed error', () => {
  const bytes = encodeRecipe({ granule: GRANULE, extents: runsOf([FIRST_PACK, 0, GRANULE], [ZEROES, 0, GRANULE]) });
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, cut) => {
      const hurt = Uint8Array.from(bytes);
      hurt[at] = value;
      for (const each of [hurt, bytes.subarray(0, cut)]) {
        try {
          const { extents, granule } = decodeRecipe(each);
          for (const { source, start, length } of extents) {
            assert.ok(length > 0 && start >= 0 && Number.isSafeInteger(start + length));
            if (source >= FIRST_PACK) assert.equal(start % granule, 0);
          }
        } catch (error) {
          assert.ok(StillframeError.is(error) && error.code === 'ERR_CHAIN_RECIPE_INVALID', String(error));
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('a recipe that claims more runs or bytes than there are is refused before anything is laid aside for it', () => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
  const header = [...Buffer.from('SFRECIPE'), 1, 0x80, 0x20];
  assert.throws(() => decodeRecipe(Uint8Array.from([...header, 1, ...huge])), { code: 'ERR_CHAIN_RECIPE_INVALID' });
  assert.throws(() => decodeRecipe(Uint8Array.from([...header, ...huge, 1, 0, 1])), /runs are not as long/);
});

test('bytes put together from runs read at any place as the whole does', async () => {
  const sources = new Map(
    [1, 2, 3].map((number) => [number, Uint8Array.from({ length: 200 }, (_none, at) => at ^ number)]),
  );
  const run = fc.record({ source: fc.nat(3), start: fc.nat(150), length: fc.integer({ min: 1, max: 50 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(run, { maxLength: 20 }), fc.nat(400), fc.nat(400), async (list, from, length) => {
      const extents = runsOf(...list.map(({ source, start, length }) => [source, start, length] as const));
      const parts = list.map(({ source, start, length }) =>
        source === ZEROES
          ? Buffer.alloc(length)
          : Buffer.from(sources.get(source) ?? []).subarray(start, start + length),
      );
      const expected = Buffer.concat(parts);
      const whole = extentSource(extents, async (number) => bytesSource(sources.get(number) ?? new Uint8Array()));
      assert.deepEqual(Buffer.from(await readAll(whole, { limit: 10_000 })), expected);
      const target = new Uint8Array(length).fill(7);
      const read = await whole.readInto(from, target);
      assert.deepEqual(Buffer.from(target.subarray(0, read)), expected.subarray(from, from + length));
    }),
  );
});

function runsOf(...list: readonly (readonly [number, number, number])[]): ExtentList {
  const extents = new ExtentList();
  for (const [source, start, length] of list satisfies readonly (readonly [Extent['source'], number, number])[])
    extents.push(source, start, length);
  return extents;
}
