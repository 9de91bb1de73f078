import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corpusImages, imagesOf } from '../corpus.fixture.ts';
import { readCgroups } from './cgroups.ts';

test('every task is in its set, and every group has its files', async () => {
  const { sets, controllers } = await readCgroups(corpusImages());
  assert.equal(sets.length, 1);
  const [set] = sets;
  assert.deepEqual([set?.id, set?.ofDumper, set?.pids, set?.tids], [2, false, [1, 6], []]);
  const path = set?.members.find(({ controller }) => controller === 'pids')?.path ?? '';
  assert.match(path, /^\/corpus-/);
  const pids = controllers.find(({ names }) => names.includes('pids'))?.folders.find((folder) => folder.path === path);
  assert.deepEqual([pids?.mode, pids?.uid, pids?.gid], [0o755, 0, 0]);
  assert.equal(pids?.properties.find(({ name }) => name === 'pids.max')?.value, 'max');
});

test('a dump that left groups alone has none', async () => {
  assert.deepEqual(await readCgroups(imagesOf({})), { sets: [], controllers: [] });
});
