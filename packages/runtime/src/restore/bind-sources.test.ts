import assert from 'node:assert/strict';
import { mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { UndoStack } from '@stillframe/core';
import { layBindSources } from './bind-sources.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stillframe-binds-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const recorded = (destination: string, fileType: 'file' | 'directory', permissions: number) => ({
  source: '/where/it/was',
  destination,
  fileType,
  permissions,
});
const mount = (containerPath: string, hostPath: string) => ({ containerPath, hostPath, readonly: false });
const kept = async (work: (undo: UndoStack) => Promise<void>) => {
  await using undo = new UndoStack();
  await work(undo);
  undo.keep();
};

test('a missing file becomes an empty file, a missing folder a folder, each with the recorded permissions', async () => {
  const [file, deep] = [join(folder, 'new/config'), join(folder, 'new/deep/data')];
  const binds = [recorded('/etc/app', 'file', 0o666), recorded('/data', 'directory', 0o777)];
  await kept((undo) => layBindSources(binds, [mount('/etc/app', file), mount('/data', deep)], undo));
  const [madeFile, madeFolder] = [await stat(file), await stat(deep)];
  assert.deepEqual([madeFile.isFile(), madeFile.size, madeFile.mode & 0o7777], [true, 0, 0o666]);
  assert.deepEqual([madeFolder.isDirectory(), madeFolder.mode & 0o7777], [true, 0o777]);
  await assert.rejects(stat('/where/it/was'), { code: 'ENOENT' });
});

test('what exists stays as it is, also a link that leads nowhere', async () => {
  const [there, link] = [join(folder, 'there'), join(folder, 'link')];
  await writeFile(there, 'content', { mode: 0o600 });
  await symlink(join(folder, 'nothing'), link);
  const binds = [recorded('/a', 'file', 0o777), recorded('/b', 'file', 0o777)];
  await kept((undo) => layBindSources(binds, [mount('/a', there), mount('/b', link)], undo));
  assert.equal(await readFile(there, 'utf8'), 'content');
  assert.equal((await stat(there)).mode & 0o777, 0o600);
  assert.equal(await readlink(link), join(folder, 'nothing'));
  await assert.rejects(stat(join(folder, 'nothing')), { code: 'ENOENT' });
});

test('a mount that the archive does not tell of is left alone, and so is a record that is not asked for', async () => {
  const path = join(folder, 'unknown');
  await kept((undo) => layBindSources([recorded('/other', 'file', 0o644)], [mount('/mine', path)], undo));
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

test('a restore that fails takes back what was made, unless somebody wrote into it', async () => {
  const [empty, filled] = [join(folder, 'empty'), join(folder, 'filled')];
  const binds = [recorded('/a', 'file', 0o644), recorded('/b', 'file', 0o644)];
  {
    await using undo = new UndoStack();
    await layBindSources(binds, [mount('/a', empty), mount('/b', filled)], undo);
    await writeFile(filled, 'mine');
  }
  await assert.rejects(stat(empty), { code: 'ENOENT' });
  assert.equal(await readFile(filled, 'utf8'), 'mine');
});
