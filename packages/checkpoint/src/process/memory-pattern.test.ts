import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAddressSpace } from '@stillframe/criu-image';
import { openCheckpoint } from '../checkpoint.ts';
import { readFileTable } from '../fd/file-table.ts';
import { readMaps } from './maps.ts';
import { hexPattern, searchPattern } from './memory-pattern.ts';
import { searchMemory } from './memory-search.ts';

const FIXTURE = new URL('../../fixtures/podman-redis.tar', import.meta.url).pathname;

test('a pattern finds what the literal finds, at the same addresses and offsets, however the pieces are cut', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const literal = await Array.fromAsync(searchMemory(checkpoint, Buffer.from('redis-server')));
  assert.ok(literal.length > 1);
  for (const chunkSize of [undefined, 8192]) {
    const found = await Array.fromAsync(searchPattern(checkpoint, 'redis-serve[r]', { chunkSize }));
    const facts = (list: typeof found) =>
      list.map(({ pid, vaddr, pagesOffset, bytes }) => ({ pid, vaddr, pagesOffset, bytes }));
    assert.deepEqual(facts(found), facts(literal));
  }
});

test('bytes may be given as such, letters in any case', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const count = async (pattern: string, ignoreCase = false) =>
    (await Array.fromAsync(searchPattern(checkpoint, pattern, { ignoreCase }))).length;
  const plain = await count('4111111111111111');
  assert.ok(plain > 0);
  assert.equal(await count('4(1{15})'), plain);
  assert.equal(await count(hexPattern(`34 31 ?? ${'31'.repeat(13)}`) ?? assert.fail()), plain);
  assert.ok((await count('REDIS-SERVER', true)) > (await count('REDIS-SERVER')));
  assert.equal(hexPattern('??'), undefined);
  assert.equal(hexPattern('4g'), undefined);
});

test('an expression that never ends is given up, one that is none is refused', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const all = (pattern: string) => Array.fromAsync(searchPattern(checkpoint, pattern));
  const begin = performance.now();
  await assert.rejects(all('([^]+)+([^]+)+\\xff\\xfe\\xfd\\x00\\x11'), { code: 'ERR_SEARCH_PATTERN_SLOW' });
  assert.ok(performance.now() - begin < 10_000);
  for (const wrong of ['(', '', 'x*', 'x'.repeat(1001)])
    await assert.rejects(all(wrong), { code: 'ERR_SEARCH_PATTERN_INVALID' });
  assert.deepEqual(await all('\\bredis-serverx\\b|\\b(?=redis-server)'), [], 'an empty match is none');
});

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
