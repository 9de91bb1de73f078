import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { thawCgroup } from './thaw.ts';

test('the file of either version is written, and none is made', async () => {
  await using root = await openTemporaryFolder(tmpdir());
  const [old, unified] = [join(root.path, 'freezer/pod/one'), join(root.path, 'pod/two')];
  for (const folder of [old, unified]) await mkdir(folder, { recursive: true });
  await writeFile(join(old, 'freezer.state'), 'FROZEN');
  await writeFile(join(unified, 'cgroup.freeze'), '1');
  assert.equal(await thawCgroup('pod/one', root.path), true);
  assert.equal(await readFile(join(old, 'freezer.state'), 'utf8'), 'THAWED');
  assert.equal(await thawCgroup('pod/two', root.path), true);
  assert.equal(await readFile(join(unified, 'cgroup.freeze'), 'utf8'), '0');
  assert.equal(await thawCgroup('pod/three', root.path), false);
});

test('one that stays frozen all the same is told', async () => {
  await using root = await openTemporaryFolder(tmpdir());
  const folder = join(root.path, 'freezer/pod/one');
  await mkdir(folder, { recursive: true });
  // It takes the word and goes on saying another, as a group does whose parent is frozen.
  await writeFile(join(folder, 'freezer.state'), 'FROZEN, and longer than the word');
  assert.equal(await thawCgroup('pod/one', root.path), false);
});
