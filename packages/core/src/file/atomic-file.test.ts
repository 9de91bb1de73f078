import assert from 'node:assert/strict';
import { chmod, type FileHandle, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { publish, TEMPORARY_PREFIX, temporaryBeside, writeAtomically, writeTextAtomically } from './atomic-file.ts';
import { openTemporaryFolder } from './temporary-folder.ts';

test('a file appears with its text and is readable by its owner alone', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'record.json');
  await writeTextAtomically(path, 'one');
  assert.equal(await readFile(path, 'utf8'), 'one');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await writeTextAtomically(path, 'two', { mode: 0o640 });
  assert.equal(await readFile(path, 'utf8'), 'two');
  assert.equal((await stat(path)).mode & 0o777, 0o640);
  assert.deepEqual(await readdir(folder.path), ['record.json']);
});

test('a writer that throws half-way leaves the old file and nothing else', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'archive');
  const failing = () =>
    writeAtomically(path, async (file) => {
      await file.writeFile('half');
      throw new Error('no space left');
    });
  await assert.rejects(failing, /no space left/);
  assert.deepEqual(await readdir(folder.path), []);
  await writeTextAtomically(path, 'old');
  await assert.rejects(failing, /no space left/);
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.deepEqual(await readdir(folder.path), ['archive']);
});

test('while it is being written nobody sees it under its name', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  await writeAtomically(join(folder.path, 'archive'), async (file) => {
    await file.writeFile('half');
    const [name = '', ...others] = await readdir(folder.path);
    assert.ok(name.startsWith(TEMPORARY_PREFIX));
    assert.deepEqual(others, []);
  });
});

test('of writers that may not replace exactly one wins, and its text stands', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'owner');
  const writers = Array.from({ length: 8 }, (_, i) => writeTextAtomically(path, `writer ${i}`, { replace: false }));
  const outcomes = await Promise.allSettled(writers);
  const winners = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
  assert.equal(winners.length, 1);
  assert.equal(await readFile(path, 'utf8'), `writer ${winners[0]}`);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'ERR_FILE_EXISTS');
  }
  assert.deepEqual(await readdir(folder.path), ['owner']);
});

test('publishing onto a taken name leaves both files', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const [temporary, path] = [join(folder.path, 'new'), join(folder.path, 'taken')];
  await writeFile(temporary, 'new');
  await writeFile(path, 'old');
  await assert.rejects(publish(temporary, path, { replace: false }), { code: 'ERR_FILE_EXISTS' });
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.equal(await readFile(temporary, 'utf8'), 'new');
});

test('a temporary name is fresh, lies beside the file and fits into a folder, however long the file is called', () => {
  const path = join('/some/folder', '日'.repeat(85));
  const names = new Set(Array.from({ length: 100 }, () => temporaryBeside(path)));
  assert.equal(names.size, 100);
  for (const name of names) {
    assert.ok(name.startsWith(`/some/folder/${TEMPORARY_PREFIX}`));
    assert.ok(Buffer.byteLength(name.slice('/some/folder/'.length)) <= 255);
  }
});

test('a folder that may not be read, or is not there, gives the system’s own error', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  await assert.rejects(writeTextAtomically(join(folder.path, 'missing', 'file'), 'x'), { code: 'ENOENT' });
});

test('a temporary folder is private and goes with all it holds', async () => {
  let path: string;
  {
    await using folder = await openTemporaryFolder(tmpdir(), 'label');
    path = folder.path;
    assert.match(path, new RegExp(`${TEMPORARY_PREFIX.replace('.', '\\.')}label-`));
    assert.equal((await stat(path)).mode & 0o777, 0o700);
    await (await open(join(path, 'left open'), 'w')).close();
    await chmod(join(path, 'left open'), 0);
  }
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

test('a file is synced under its temporary name, its folder once it has its own', async (t) => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'archive');
  await using any = await open(folder.path, 'r');
  const prototype = Object.getPrototypeOf(any) as FileHandle;
  const synced: string[] = [];
  const { sync } = prototype;
  t.mock.method(prototype, 'sync', async function (this: FileHandle) {
    const kind = (await this.stat()).isDirectory() ? 'folder' : 'file';
    const named = await stat(path).then(
      () => 'named',
      () => 'unnamed',
    );
    synced.push(`${kind}, ${named}`);
    await sync.call(this);
  });
  for (const options of [{}, { replace: false }]) {
    await writeTextAtomically(path, 'text', options);
    await rm(path);
  }
  assert.deepEqual(synced, ['file, unnamed', 'folder, named', 'file, unnamed', 'folder, named']);
});
