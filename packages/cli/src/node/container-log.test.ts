/** A CRI log: partial lines are joined, and of a large one the end is read alone. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { readLog, readLogEnd } from './container-log.ts';

const line = (text: string, tag = 'F') => `2026-11-27T01:02:03.000000000Z stdout ${tag} ${text}\n`;

test('partial lines are one, and only the last ones are wanted', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'log');
  await writeFile(path, line('one') + line('tw', 'P') + line('o') + line('three  words here'));
  assert.deepEqual(await readLog(path), ['one', 'two', 'three  words here']);
  assert.deepEqual(await readLogEnd(path, 2), { lines: ['two', 'three  words here'], isCut: true });
  assert.deepEqual(await readLogEnd(path, 3), { lines: ['one', 'two', 'three  words here'], isCut: false });
  assert.deepEqual(await readLogEnd(join(folder.path, 'none'), 3), { lines: [], isCut: false });
});

test('the end of a large log begins with a whole line', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'log');
  const all = Array.from({ length: 20_000 }, (_, at) => `number ${at}`);
  await writeFile(path, all.map((text) => line(text)).join(''));
  const { lines, isCut } = await readLogEnd(path, 100_000);
  assert.ok(isCut && lines.length > 1000 && lines.length < all.length, String(lines.length));
  assert.deepEqual(lines, all.slice(-lines.length));
});
