import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf, PageTable } from './page-table.ts';

test('a table finds every granule where it was first seen, however often it grew, and none that it never saw', () => {
  const table = new PageTable();
  const granule = (number: number) => Buffer.from(`granule ${number}`);
  for (let at = 0; at < 20_000; at += 1) table.add(keyOf(granule(at)), at % 5, at);
  for (let at = 0; at < 20_000; at += 1) table.add(keyOf(granule(at)), 9, 0);
  for (let at = 0; at < 20_000; at += 1) assert.deepEqual(table.find(keyOf(granule(at))), { pack: at % 5, page: at });
  for (let at = 20_000; at < 40_000; at += 1) assert.equal(table.find(keyOf(granule(at))), undefined);
});
