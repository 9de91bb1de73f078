/** The archive writer on a real filesystem, and GNU tar as a second reader of what it writes. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type WriterEntry, type WriterOptions, writeArchive } from '@stillframe/checkpoint';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs } from '@stillframe/testkit';
import { demand } from '../process/run.ts';
import { insertFront } from './insert-range.ts';

const MiB = 1 << 20;
const mtime = 1_700_000_000;
const longName = `checkpoint/${'long-name-'.repeat(20)}.img`;

async function archiveIn(folder: string, insert: WriterOptions['insertFront']) {
  const pages = join(folder, 'pages');
  await writeFile(pages, Buffer.alloc(2 * MiB + 100, 'page'));
  const entries: WriterEntry[] = [
    { name: 'config.dump', mode: 0o600, body: Buffer.from('{}') },
    { name: 'checkpoint/', mode: 0o700, body: undefined },
    { name: longName, mode: 0o600, body: Buffer.alloc(700, 'x') },
    { name: 'checkpoint/pages-1.img', mode: 0o600, body: { path: pages } },
    { name: 'dump.log', mode: 0o644, body: Buffer.from('done\n') },
  ];
  const path = join(folder, 'archive.tar');
  const written = await writeArchive(path, entries, insert ? { mtime, insertFront: insert } : { mtime });
  return { path, ...written };
}

for (const [how, insert] of [
  ['copied', undefined],
  ['inserted before the pages where the filesystem can', insertFront],
] as const) {
  test(`GNU tar lists and extracts an archive without a warning: ${how}`, needs('linux'), async () => {
    await using folder = await openTemporaryFolder(tmpdir());
    const { path } = await archiveIn(folder.path, insert);
    const list = await demand(['tar', '-tvf', path], { env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' } });
    assert.equal(list.stderr, '');
    const rows = list.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s+/));
    assert.deepEqual(
      rows.map(([mode, owner, size, , , name]) => [mode, owner, Number(size), name]),
      [
        ['-rw-------', '0/0', 2, 'config.dump'],
        ['drwx------', '0/0', 0, 'checkpoint/'],
        ['-rw-------', '0/0', 700, longName],
        ['-rw-------', '0/0', 2 * MiB + 100, 'checkpoint/pages-1.img'],
        ['-rw-r--r--', '0/0', 5, 'dump.log'],
      ],
    );
    const extract = await demand(['tar', '-xf', path, '-C', folder.path], {});
    assert.equal(extract.stderr, '');
    assert.deepEqual(await readFile(join(folder.path, 'checkpoint/pages-1.img')), Buffer.alloc(2 * MiB + 100, 'page'));
  });
}

test('inserting changes the file wholly or not at all, and says which', needs('linux'), async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'file');
  const bytes = Buffer.alloc(65536, 'x');
  await writeFile(path, bytes);
  // No filesystem inserts part of a block.
  assert.equal(await insertFront(path, 100), false);
  assert.deepEqual(await readFile(path), bytes);
  const inserted = await insertFront(path, 65536);
  const expected = inserted ? Buffer.concat([Buffer.alloc(65536), bytes]) : bytes;
  assert.deepEqual(await readFile(path), expected);
  assert.equal(await insertFront(join(folder.path, 'missing'), 4096), false);
});
