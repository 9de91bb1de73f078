/** Pages of mapped files, from the checkpoint itself and from an image that is given, and never from anywhere else. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bytesSource, readAll } from '@stillframe/core';
import { openAddressSpace } from '@stillframe/criu-image';
import { openArchive } from './archive/open.ts';
import { entry, tarOf } from './archive/tar.fixture.ts';
import { openCheckpoint } from './checkpoint.ts';
import { openBaseImageFile } from './image/base-image.ts';
import { openMappedFiles } from './mapped-files.ts';
import { archiveTree } from './rootfs-tree.ts';

const FIXTURE = new URL('../fixtures/crio-counter.tar', import.meta.url).pathname;
/** Size of /bin/sh in the dump, whose file id is 1, and where it is mapped in process 6. */
const SHELL = { size: 1982256, id: 1, at: 0x400000n };
const content = Buffer.alloc(SHELL.size, 'stand-in for the shell ');

async function treeOf(...parts: Uint8Array[]) {
  const archive = await openArchive(bytesSource(tarOf(...parts)), { role: 'filesystem' });
  return archiveTree(archive, 'layer');
}

async function folderOf(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'stillframe-test-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('code that only the image has is read from the image that is given', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const space = (await openAddressSpace(checkpoint.images, 6)) ?? assert.fail();
  const bytes = Buffer.alloc(64);
  await using none = await openMappedFiles(checkpoint);
  assert.deepEqual((await space.read(SHELL.at, bytes, { files: none }))[0], {
    vaddr: SHELL.at,
    bytes: 64,
    state: 'absent',
    reason: 'file',
  });
  await using files = await openMappedFiles(checkpoint, { image: [await treeOf(entry('bin/sh', content))] });
  const [range] = await space.read(SHELL.at, bytes, { files });
  assert.deepEqual(range, { vaddr: SHELL.at, bytes: 64, state: 'filled', from: 'layer' });
  assert.ok(bytes.equals(content.subarray(0, 64)));
});

test('a file of another size is another file: it is not used, and told', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  await using files = await openMappedFiles(checkpoint, { image: [await treeOf(entry('bin/sh', 'short'))] });
  assert.equal(await files.open(SHELL.id), undefined);
  assert.ok(checkpoint.diagnostics().some(({ id }) => id === 'mapped-file-differs'));
});

test('what is on another mount than the root is in no image', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  await using files = await openMappedFiles(checkpoint, { image: [await treeOf(entry('dev/null', ''))] });
  assert.equal(await files.open(2), undefined);
  assert.equal(await files.open(4711), undefined);
});

test('an upper layer hides what it deleted, replaced or emptied', async () => {
  const upper = await treeOf(
    entry('bin/.wh.sh', ''),
    entry('opt/.wh..wh..opq', ''),
    entry('lib', 'no folder any more'),
    entry('usr/bin/same', '', { type: '1', linkName: 'usr/bin/first' }),
    entry('usr/bin/first', 'content'),
    entry('usr/bin/link', '', { type: '2', linkName: '/etc/passwd' }),
  );
  const kinds = ['bin/sh', 'opt/tool', 'lib/x.so', 'usr/bin/same', 'usr/bin/link', 'etc/motd', 'bin/ls'];
  assert.deepEqual(await Promise.all(kinds.map(async (path) => (await upper.find(path)).kind)), [
    'hidden',
    'hidden',
    'hidden',
    'file',
    'hidden',
    'unknown',
    'unknown',
  ]);
});

test('an image may be a tar or an unpacked folder, in which no link is followed; this machine’s root is none', async (t) => {
  const path = await folderOf(t);
  await writeFile(join(path, 'rootfs.tar'), tarOf(entry('bin/sh', content)));
  await mkdir(join(path, 'rootfs/bin'), { recursive: true });
  await writeFile(join(path, 'rootfs/bin/sh'), content);
  await symlink('/bin', join(path, 'rootfs/sbin'));
  for (const name of ['rootfs.tar', 'rootfs']) {
    await using image = await openBaseImageFile(join(path, name));
    const [tree] = image.layers;
    const found = (await tree?.find('bin/sh')) ?? assert.fail();
    assert.ok(found.kind === 'file');
    assert.ok((await readAll(found.source, { limit: 1 << 24 })).length === SHELL.size);
    assert.equal((await tree?.find('sbin/init'))?.kind, 'unknown');
  }
  await assert.rejects(openBaseImageFile('/'), { code: 'ERR_BASE_IMAGE_REFUSED' });
  await symlink('/', join(path, 'root'));
  await assert.rejects(openBaseImageFile(join(path, 'root')), { code: 'ERR_BASE_IMAGE_REFUSED' });
});

test('a changed file is that of the diff, not of the image', async () => {
  const archive = await readFile(FIXTURE);
  await using checkpoint = await openCheckpoint(bytesSource(archive));
  // The diff of this fixture holds `cnt`; the dump maps no such file, so its tree is asked directly.
  const diff = await openArchive(checkpoint.archive.open('rootfs-diff.tar'), { role: 'filesystem' });
  assert.equal((await archiveTree(diff, 'diff').find('cnt')).kind, 'file');
});
