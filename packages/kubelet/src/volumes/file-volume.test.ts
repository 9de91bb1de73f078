import assert from 'node:assert/strict';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { writeFileVolume } from './file-volume.ts';

const files = (texts: Record<string, string>, mode = 0o644) =>
  new Map(Object.entries(texts).map(([path, text]) => [path, { bytes: Buffer.from(text), mode }]));

test('files change all at once, by a link; what is no more goes', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const volume = join(folder.path, 'v');
  assert.equal(await writeFileVolume(volume, files({ a: '1', 'sub/b': '2' }), undefined), true);
  const first = await readlink(join(volume, '..data'));
  assert.equal(await readFile(join(volume, 'sub/b'), 'utf8'), '2');
  assert.equal(await writeFileVolume(volume, files({ 'sub/b': '2', a: '1' }), undefined), false, 'nothing to do');
  assert.equal(await writeFileVolume(volume, files({ a: 'changed' }, 0o400), undefined), true);
  assert.equal(await readFile(join(volume, 'a'), 'utf8'), 'changed');
  assert.equal((await stat(join(volume, 'a'))).mode & 0o777, 0o400);
  const now = await readlink(join(volume, '..data'));
  assert.deepEqual((await readdir(volume)).toSorted(), ['..data', now, 'a'].toSorted());
  await writeFileVolume(volume, files({ a: '1', 'sub/b': '2' }), undefined);
  assert.equal(await readlink(join(volume, '..data')), first, 'the same texts lie in the same place');
});
