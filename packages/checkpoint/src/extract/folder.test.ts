import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import type { Content, Piece } from './content.ts';
import { openExtractionFolder } from './folder.ts';

function contentOf(size: number, ...pieces: Piece[]): Content {
  return {
    size: BigInt(size),
    async *pieces() {
      yield* pieces;
    },
  };
}

const data = (offset: number, text: string): Piece => ({ state: 'data', offset, bytes: Buffer.from(text) });

test('holes stay holes; what is absent is told apart from them', async () => {
  await using parent = await openTemporaryFolder(tmpdir());
  const path = join(parent.path, 'out');
  await using folder = await openExtractionFolder(path);
  const size = 64 << 20;
  const absent = (offset: number, length: number): Piece => ({ state: 'absent', offset, length, reason: 'lazy' });
  const content = contentOf(size, data(1 << 20, 'here'), absent(2 << 20, 4096), absent((2 << 20) + 4096, 4096));
  const written = await folder.write('sparse.bin', content);
  await folder.publish();
  const found = await stat(join(path, 'sparse.bin'));
  assert.ok(found.size === size && found.blocks * 512 < 1 << 20, `${found.blocks * 512} bytes on disk`);
  const bytes = await readFile(join(path, 'sparse.bin'));
  assert.equal(bytes.subarray(1 << 20, (1 << 20) + 4).toString(), 'here');
  assert.deepEqual([written.absent, written.absentBytes], [[{ offset: 2 << 20, bytes: 8192, reason: 'lazy' }], 8192]);
  assert.equal(written.holeBytes, size - 4 - 8192);
});

test('nothing is left of a folder that was not finished, whatever ended it', async () => {
  await using parent = await openTemporaryFolder(tmpdir());
  const stop = new AbortController();
  const stopping: Content = {
    size: 8n,
    async *pieces({ signal } = {}) {
      yield data(0, 'half');
      stop.abort();
      signal?.throwIfAborted();
    },
  };
  const full: Content = {
    size: 8n,
    async *pieces() {
      yield data(0, 'half');
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
    },
  };
  for (const [content, expected] of [
    [stopping, { name: 'AbortError' }],
    [full, { code: 'ERR_EXTRACT_NO_ROOM' }],
    [contentOf(2, data(0, 'more than it claims')), { name: 'RangeError' }],
  ] as const) {
    const work = async () => {
      await using folder = await openExtractionFolder(join(parent.path, 'out'));
      await folder.write('whole.bin', contentOf(4, data(0, 'four')));
      await folder.write('a/b/half.bin', content, { signal: stop.signal });
      await folder.publish();
    };
    await assert.rejects(work, expected);
    assert.deepEqual(await readdir(parent.path), []);
  }
});

test('only a name that is free, or an empty folder, is taken', async () => {
  await using parent = await openTemporaryFolder(tmpdir());
  const path = (name: string) => join(parent.path, name);
  await mkdir(path('full'));
  await writeFile(path('full/mine'), 'mine');
  await writeFile(path('file'), 'mine');
  await symlink('full', path('link'));
  for (const name of ['full', 'file', 'link']) {
    await assert.rejects(openExtractionFolder(path(name)), { code: 'ERR_EXTRACT_FOLDER_TAKEN' });
  }
  await mkdir(path('empty'), { mode: 0o755 });
  {
    await using folder = await openExtractionFolder(path('empty'));
    await folder.write('one', contentOf(3, data(0, 'one')));
    await folder.publish();
  }
  assert.deepEqual(await readdir(path('empty')), ['one']);
  assert.equal((await stat(path('empty'))).mode & 0o777, 0o700);
});

test('a folder that somebody else fills meanwhile stays theirs', async () => {
  await using parent = await openTemporaryFolder(tmpdir());
  const path = join(parent.path, 'out');
  const work = async () => {
    await using folder = await openExtractionFolder(path);
    await mkdir(path);
    await writeFile(join(path, 'theirs'), 'theirs');
    await folder.publish();
  };
  await assert.rejects(work, { code: 'ERR_EXTRACT_FOLDER_TAKEN' });
  assert.deepEqual(await readdir(parent.path), ['out']);
  assert.deepEqual(await readdir(path), ['theirs']);
});
