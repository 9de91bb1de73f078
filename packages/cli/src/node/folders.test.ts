import assert from 'node:assert/strict';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { foldersOf } from '@stillframe/runtime/place';
import { makeNodeFolders, strangeRoot } from './folders.ts';

async function place() {
  const folder = await openTemporaryFolder(tmpdir());
  const paths = { root: join(folder.path, 'root'), state: join(folder.path, 'state') };
  await mkdir(paths.root);
  await chmod(paths.root, 0o755);
  const mode = async () => (await stat(paths.root)).mode & 0o777;
  return { paths, mode, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test('a root that is empty or a node’s is taken without a word, and closed to others', async () => {
  await using at = await place();
  assert.equal(await strangeRoot(at.paths), undefined);
  await makeNodeFolders(at.paths);
  assert.equal(await at.mode(), 0o700);
  for (const folder of Object.values(foldersOf(at.paths))) await mkdir(folder, { recursive: true });
  await writeFile(join(at.paths.root, 'node.log'), '');
  await chmod(at.paths.root, 0o755);
  assert.equal(await strangeRoot(at.paths), undefined);
  await makeNodeFolders(at.paths);
  assert.equal(await at.mode(), 0o700);
});

test('a folder with what is others’ is told of once, and its mode is left alone', async () => {
  await using at = await place();
  await writeFile(join(at.paths.root, 'thesis\u001b.txt'), '');
  await writeFile(join(at.paths.root, 'video'), '');
  const words = await strangeRoot(at.paths);
  assert.match(words ?? '', /not empty and was no node's before: it holds "(thesis\\\\x1b\.txt|video)" and 1 more$/);
  await makeNodeFolders(at.paths);
  assert.equal(await at.mode(), 0o755);
  await mkdir(foldersOf(at.paths).containerRecords, { recursive: true });
  assert.equal(await strangeRoot(at.paths), undefined);
  await makeNodeFolders(at.paths);
  assert.equal(await at.mode(), 0o755);
});

test('a state folder in the root leaves the way to it as it is', async () => {
  await using at = await place();
  await makeNodeFolders({ ...at.paths, state: join(at.paths.root, 'run') });
  assert.equal(await at.mode(), 0o755);
  assert.equal(await strangeRoot({ ...at.paths, state: join(at.paths.root, 'run') }), undefined);
});
