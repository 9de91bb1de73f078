import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAddressSpace } from '@stillframe/criu-image';
import { openCheckpoint } from '../checkpoint.ts';
import { readFileTable } from '../fd/file-table.ts';
import { readMaps } from './maps.ts';

const FIXTURE = new URL('../../fixtures/podman-redis.tar', import.meta.url).pathname;

test('the maps of a process account for each of its bytes', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const files = await readFileTable(checkpoint.images);
  const space = (await openAddressSpace(checkpoint.images, 6)) ?? assert.fail();
  const rows = await readMaps(space, files);
  assert.equal(rows.length, space.vmas.length);
  for (const { start, end, captured, zero, absent } of rows) {
    const sum = Object.values(absent).reduce((total, bytes) => total + bytes, captured + zero);
    assert.equal(sum, end - start);
  }
  const stored = rows.reduce((sum, { captured }) => sum + captured, 0n);
  assert.equal(stored, BigInt(space.pages.storedPages * space.pageSize));
  const program = rows.find(({ backing }) => backing === '/usr/bin/redis-check-rdb');
  assert.ok(program && (program.absent.file ?? 0n) > 0n);
  assert.ok(rows.some(({ backing }) => backing === 'stack'));
});
