import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PAGE_CHANGES, PageRuns } from './page-runs.ts';

const PAGE = 4096n;

test('pages that go on with the same change are one run, others are not', () => {
  const runs = new PageRuns();
  runs.add(0n, 4096, 'changed');
  runs.add(PAGE, 8192, 'changed');
  runs.add(3n * PAGE, 4096, 'added');
  runs.add(5n * PAGE, 4096, 'added');
  assert.deepEqual(
    [...runs],
    [
      { start: 0n, bytes: 12_288, change: 'changed' },
      { start: 3n * PAGE, bytes: 4096, change: 'added' },
      { start: 5n * PAGE, bytes: 4096, change: 'added' },
    ],
  );
});

test('touches says of any bytes whether one of them is in a run', () => {
  const pages = fc.uniqueArray(fc.nat(60), { maxLength: 40 });
  fc.assert(
    fc.property(pages, fc.nat(70 * 4096), fc.integer({ min: 1, max: 3 * 4096 }), (numbers, at, bytes) => {
      const runs = new PageRuns();
      const sorted = numbers.toSorted((a, b) => a - b);
      for (const page of sorted) runs.add(BigInt(page) * PAGE, 4096, PAGE_CHANGES[page % 4] ?? 'changed');
      const expected = sorted.some((page) => at < (page + 1) * 4096 && at + bytes > page * 4096);
      assert.equal(runs.touches(BigInt(at), bytes), expected);
    }),
  );
});
