import assert from 'node:assert/strict';
import { appendFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readAll, sliceSource } from '../byte-source.ts';
import { openFileSource } from './file-source.ts';
import { openTemporaryFolder } from './temporary-folder.ts';

test('a file is read from any offset, up to its end', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'bytes');
  await writeFile(path, '0123456789');
  await using source = await openFileSource(path);
  assert.equal(source.size, 10);
  assert.deepEqual(source.locator, { kind: 'file', path, offset: 0, size: 10 });
  const target = Buffer.alloc(4);
  assert.equal(await source.readInto(8, target), 2);
  assert.equal(target.toString('latin1', 0, 2), '89');
  assert.equal(await source.readInto(10, target), 0);
  assert.equal(await source.readInto(1e9, target), 0);
  assert.equal(Buffer.from(await readAll(sliceSource(source, 3, 4), { limit: 10 })).toString(), '3456');
});

test('what is no regular file is refused', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const refused = { code: 'ERR_FILE_UNREADABLE' };
  await assert.rejects(openFileSource(folder.path), { ...refused, message: `${folder.path} is not a regular file` });
  await assert.rejects(openFileSource('/dev/null'), refused);
});

test('a file that is missing is said to be missing', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'missing');
  await assert.rejects(openFileSource(path), { code: 'ERR_FILE_UNREADABLE', message: `${path} does not exist` });
  await assert.rejects(openFileSource(join(path, 'below')), { code: 'ERR_FILE_UNREADABLE' });
  await symlink(path, join(folder.path, 'dangling'));
  await assert.rejects(openFileSource(join(folder.path, 'dangling')), { code: 'ERR_FILE_UNREADABLE' });
});

test('the size is that of the moment it was opened, whatever happens to the file', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'log');
  await writeFile(path, 'before');
  await using source = await openFileSource(path);
  await appendFile(path, ' and after');
  const target = Buffer.alloc(20);
  assert.equal(await source.readInto(0, target), 6);
  assert.equal(await source.readInto(6, target), 0);
  await truncate(path, 2);
  await assert.rejects(readAll(source, { limit: 100 }), { code: 'ERR_BYTES_OUT_OF_RANGE' });
});

test('an offset before the file is refused and an aborted signal respected', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'bytes');
  await writeFile(path, '0123456789');
  await using source = await openFileSource(path);
  await assert.rejects(source.readInto(-1, new Uint8Array(4)), { code: 'ERR_BYTES_OUT_OF_RANGE' });
  await assert.rejects(source.readInto(0, new Uint8Array(4), { signal: AbortSignal.abort() }), { name: 'AbortError' });
});
