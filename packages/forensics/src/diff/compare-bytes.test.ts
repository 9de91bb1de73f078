import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import type { PlacedBytes, StoredPages } from '@stillframe/criu-image';
import fc from 'fast-check';
import { ByteComparison, type Placer } from './compare-bytes.ts';
import type { PageChange } from './page-runs.ts';

const PAGE = 4096;

/** One page of a side: captured with this byte all over, or nobody wrote it, or the file's, or nothing is there, or it is lost. */
type Page = number | 'zero' | 'file' | 'none' | 'lost';

/** Memory of pages in a row; captured ones lie one behind the other in a pages image. */
function memoryOf(pages: readonly Page[]): Placer {
  const captured = pages.filter((page) => typeof page === 'number');
  const image = Buffer.concat(captured.map((value) => Buffer.alloc(PAGE, value)));
  const stored = { source: bytesSource(image) } as StoredPages;
  return (address) => {
    const index = Number(address) / PAGE;
    const page = pages[index];
    if (typeof page !== 'number') return { bytes: PAGE, found: placeOf(page) };
    // As long as memory and image go on together, whatever stands in the pages.
    let run = 1;
    while (typeof pages[index + run] === 'number') run += 1;
    const offset = PAGE * pages.slice(0, index).filter((each) => typeof each === 'number').length;
    return { bytes: run * PAGE, found: { state: 'captured', pages: stored, offset, own: true } };
  };
}

function placeOf(page: Exclude<Page, number> | undefined): PlacedBytes {
  if (page === 'zero') return { state: 'zero' };
  return { state: 'absent', reason: page === 'file' ? 'file' : page === 'lost' ? 'damaged' : 'unmapped' };
}

/** What is to be told of a page; undefined for nothing. */
function expected(before: Page, after: Page): PageChange | 'unknown' | 'same' | undefined {
  if (before === 'lost' || after === 'lost') return 'unknown';
  if (typeof before === 'number' && typeof after === 'number') return before === after ? 'same' : 'changed';
  if (typeof before === 'number') return after === 'file' || before !== 0 ? 'dropped' : 'same';
  if (typeof after !== 'number') return undefined;
  if (before === 'none') return 'added';
  return before === 'file' || after !== 0 ? 'written' : 'same';
}

async function compared(before: readonly Page[], after: readonly Page[], most = 1 << 30) {
  const told: (string | undefined)[] = before.map(() => undefined);
  let [same, unknown] = [0, 0];
  const comparison = new ByteComparison({ pageSize: PAGE, most });
  const sink = {
    differ(offset: bigint, bytes: number, change: PageChange) {
      for (let at = 0; at < bytes; at += PAGE) told[Number(offset) / PAGE + at / PAGE] = change;
    },
    same(bytes: number) {
      same += bytes / PAGE;
    },
    unknown(bytes: number) {
      unknown += bytes / PAGE;
    },
  };
  await comparison.stretch([memoryOf(before), memoryOf(after)], [0n, 0n], BigInt(before.length * PAGE), sink, 10_000);
  return { told, same, unknown };
}

test('each page is told for what became of it, whatever lies beside it', async () => {
  const page: fc.Arbitrary<Page> = fc.oneof(
    fc.integer({ min: 0, max: 2 }),
    fc.constantFrom('zero', 'file', 'none', 'lost'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(page, page), { minLength: 1, maxLength: 40 }), async (pairs) => {
      // Nothing after a page that is not mapped is compared: a stretch is one mapping after.
      const both = pairs.filter(([, after]) => after !== 'none');
      if (both.length === 0) return;
      const [before, after] = [both.map(([old]) => old), both.map(([, now]) => now)];
      const { told, same, unknown } = await compared(before, after);
      const wanted = both.map(([old, now]) => expected(old, now));
      assert.deepEqual(
        told,
        wanted.map((each) => (each === 'same' || each === 'unknown' ? undefined : each)),
      );
      assert.equal(same, wanted.filter((each) => each === 'same').length);
      assert.equal(unknown, wanted.filter((each) => each === 'unknown').length);
    }),
    { numRuns: 300 },
  );
});

test('what forged images make of little is given up, and told as unknown', async () => {
  const pages = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 1 : 'zero') as Page);
  const { unknown } = await compared(pages, pages.toReversed(), 100 * PAGE);
  assert.ok(unknown > 900, `${unknown} pages`);
});
