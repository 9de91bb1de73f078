import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { openScratchFile } from './scratch-file.ts';
import { openTemporaryFolder } from './temporary-folder.ts';

test('a scratch file has no name from the beginning, and gives back what was written', async () => {
  await using folder = await openTemporaryFolder(tmpdir(), 'test');
  await using file = await openScratchFile(folder.path);
  assert.deepEqual(await readdir(folder.path), []);
  await file.append(Buffer.from('one '));
  await file.append(Buffer.from('two'));
  const source = file.source();
  assert.equal(source.size, 7);
  const bytes = Buffer.alloc(10);
  assert.equal(await source.readInto(2, bytes), 5);
  assert.equal(bytes.toString('utf8', 0, 5), 'e two');
  await assert.rejects(source.readInto(-1, bytes), { code: 'ERR_BYTES_OUT_OF_RANGE' });
});
