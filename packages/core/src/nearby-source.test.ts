import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ByteSource, bytesSource } from './byte-source.ts';
import { nearbySource } from './nearby-source.ts';

const BYTES = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

/** A source over BYTES that ends after `length` of them, and what was asked of it. */
function counted(length = BYTES.length) {
  const reads: [number, number][] = [];
  const plain = bytesSource(BYTES.subarray(0, length));
  const source: ByteSource = {
    size: BYTES.length,
    readInto(offset, target, options) {
      reads.push([offset, target.length]);
      return plain.readInto(offset, target, options);
    },
  };
  return { reads, source };
}

test('any reads give what the source has, in any order', async () => {
  const range = fc.tuple(fc.nat(210_000), fc.nat(40_000));
  await fc.assert(
    fc.asyncProperty(
      fc.array(range, { maxLength: 20 }),
      fc.constantFrom(BYTES.length, 70_000),
      async (ranges, length) => {
        const { source } = counted(length);
        const near = nearbySource(source);
        for (const [offset, size] of ranges) {
          const [mine, theirs] = [new Uint8Array(size), new Uint8Array(size)];
          assert.equal(await near.readInto(offset, mine), await source.readInto(offset, theirs));
          assert.deepEqual(mine, theirs);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('neighbours share a read; a large read goes through as it is; no more than the last blocks are kept', async () => {
  const { reads, source } = counted();
  const near = nearbySource(source);
  for (const offset of [10, 5000, 60_000]) await near.readInto(offset, new Uint8Array(100));
  assert.deepEqual(reads, [[0, 65_536]]);
  await near.readInto(100, new Uint8Array(20_000));
  assert.deepEqual(reads.at(-1), [100, 20_000]);
  const huge = { size: 2 ** 40, readInto: async (offset: number) => (reads.push([offset, 0]) > 0 ? 65_536 : 0) };
  const many = nearbySource(huge);
  for (const block of [...Array(33).keys(), 32, 0]) await many.readInto(block * 65_536, new Uint8Array(1));
  assert.equal(reads.filter(([, size]) => size === 0).length, 34);
});

test('an aborted read throws, and leaves nothing half read behind', async () => {
  const { source } = counted();
  const near = nearbySource(source);
  await assert.rejects(near.readInto(0, new Uint8Array(4), { signal: AbortSignal.abort() }), { name: 'AbortError' });
  const target = new Uint8Array(4);
  assert.equal(await near.readInto(0, target), 4);
  assert.deepEqual(target, BYTES.subarray(0, 4));
});
