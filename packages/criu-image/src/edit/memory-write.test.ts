import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '@stillframe/core';
import fc from 'fast-check';
import { mmImage, PAGE, pagemapImage, pagesImage, setOf } from '../fixture.ts';
import { openAddressSpace } from '../memory/address-space.ts';
import { PageFlag } from '../memory/pagemap-entry.ts';
import { VmaStatus } from '../memory/vma-status.ts';
import { type ImageWrite, planMemoryWrite } from './memory-write.ts';

const { PRESENT } = PageFlag;
const { ANON_PRIVATE, ANON_SHARED } = VmaStatus;

/** Private pages at 16 to 18 and 20; 19 was never written. A shared segment of two pages at 32. */
const files = {
  'mm-1.img': mmImage([
    { from: 16, pages: 5, status: ANON_PRIVATE },
    { from: 32, pages: 2, status: ANON_SHARED, shmid: 7n },
  ]),
  'pagemap-1.img': pagemapImage(3, [
    { from: 16, pages: 3, flags: PRESENT },
    { from: 20, pages: 1, flags: PRESENT },
  ]),
  'pages-3.img': pagesImage(4),
  'pagemap-shmem-7.img': pagemapImage(4, [{ from: 0, pages: 2, flags: PRESENT }]),
  'pages-4.img': pagesImage(2),
};
const at = (page: number, into = 0) => BigInt(page * PAGE + into);
const open = async (some: Record<string, Uint8Array> = files) =>
  (await openAddressSpace(setOf(some), 1)) ?? assert.fail('no memory');

function written(writes: readonly ImageWrite[]): Record<string, Uint8Array> {
  const result: Record<string, Uint8Array> = Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, bytes.slice()]),
  );
  for (const { image, offset, bytes } of writes) result[image]?.set(bytes, offset);
  return result;
}

test('what is written is read at its address, and nothing else has changed', async () => {
  const space = await open();
  const places = fc.oneof(
    fc.tuple(fc.constant(16), fc.integer({ min: 0, max: 3 * PAGE - 1 }), fc.constant(3 * PAGE)),
    fc.tuple(fc.constant(20), fc.integer({ min: 0, max: PAGE - 1 }), fc.constant(PAGE)),
    fc.tuple(fc.constant(32), fc.integer({ min: 0, max: 2 * PAGE - 1 }), fc.constant(2 * PAGE)),
  );
  await fc.assert(
    fc.asyncProperty(places, fc.uint8Array({ minLength: 1, maxLength: 2 * PAGE }), async ([page, into, room], text) => {
      const bytes = text.subarray(0, room - into);
      const after = await open(written(await planMemoryWrite(space, at(page, into), bytes)));
      for (const [from, pages] of [
        [16, 5],
        [32, 2],
      ] as const) {
        const [old, now] = [new Uint8Array(pages * PAGE), new Uint8Array(pages * PAGE)];
        const ranges = await space.read(at(from), old);
        assert.deepEqual(await after.read(at(from), now), ranges);
        if (Number(at(page)) >= from * PAGE && page < from + pages) old.set(bytes, (page - from) * PAGE + into);
        assert.deepEqual(now, old);
      }
    }),
    { numRuns: 60 },
  );
});

test('a page that is not stored cannot be written, nor one beside it in the same go', async () => {
  const space = await open();
  const refused = (vaddr: bigint, length: number) =>
    assert.rejects(planMemoryWrite(space, vaddr, new Uint8Array(length)), (error) =>
      isCode(error, 'ERR_CRIU_EDIT_NOT_STORED'),
    );
  await refused(at(19), 1);
  await refused(at(18, PAGE - 1), 2);
  await refused(at(15), 1);
  await refused(at(33, PAGE - 1), 2);
});

test('a pages image that is too short is not written behind its end', async () => {
  const space = await open({ ...files, 'pages-3.img': pagesImage(1) });
  await assert.rejects(planMemoryWrite(space, at(16, PAGE - 1), new Uint8Array(2)), /not stored/);
});
