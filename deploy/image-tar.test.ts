/** The layers of the image: they follow from their files alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openArchive } from '@stillframe/checkpoint';
import { bytesSource, digestOf } from '@stillframe/core';
import { tarOf } from './image-tar.ts';

const files = ['usr/bin/node', 'etc/passwd', 'usr/bin/stillframe'].map((name) => ({
  ...{ name, mode: 0o755 },
  bytes: new TextEncoder().encode(name.repeat(50)),
}));

test('a layer holds its files and the folders above them, sorted, of no time', async () => {
  await using archive = await openArchive(bytesSource(tarOf(files)), { role: 'filesystem' });
  assert.deepEqual(
    [...archive.entries.values()].map(({ name, kind, size }) => [name, kind, Number(size)]),
    [
      ['etc', 'folder', 0],
      ['etc/passwd', 'file', 500],
      ['usr', 'folder', 0],
      ['usr/bin', 'folder', 0],
      ['usr/bin/node', 'file', 600],
      ['usr/bin/stillframe', 'file', 900],
    ],
  );
});

test('the same files give the same bytes, in whatever order they come', () => {
  assert.equal(digestOf(tarOf(files)), digestOf(tarOf(files.toReversed())));
});
