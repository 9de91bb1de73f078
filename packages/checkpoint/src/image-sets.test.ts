import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bytesSource, readAll } from '@stillframe/core';
import { openArchive } from './archive/open.ts';
import { entry, tarOf } from './archive/tar.fixture.ts';
import { openCheckpoint } from './checkpoint.ts';
import { imageFolder } from './image-sets.ts';

const link = (name: string, linkName: string) => entry(name, '', { type: '2', linkName });
const set = (folder: string) => entry(`${folder}inventory.img`, folder || 'root');

async function temporary(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'stillframe-test-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Which folders the chain of an archive goes through: each inventory holds the name of its own. */
async function chainOf(bytes: Uint8Array, parents: Uint8Array[] = []) {
  await using checkpoint = await openCheckpoint(bytesSource(bytes), { parents: parents.map(bytesSource) });
  const folders: string[] = [];
  for (let at: typeof checkpoint.images | undefined = checkpoint.images; at; at = at.parent) {
    const inventory = at.source('inventory') ?? assert.fail();
    folders.push(Buffer.from(await readAll(inventory, { limit: 100 })).toString());
  }
  const ids = checkpoint.diagnostics().map(({ id }) => id);
  return { folders, ids: ids.filter((id) => id.startsWith('parent-') || id.startsWith('tar-')) };
}

test('podman’s dump before, and that before it, are read through the links between their folders', async () => {
  const archive = tarOf(
    set('checkpoint/'),
    link('checkpoint/parent', '../pre-checkpoint'),
    set('pre-checkpoint/'),
    link('pre-checkpoint/parent', './deeper/'),
    set('pre-checkpoint/deeper/'),
  );
  assert.deepEqual(await chainOf(archive), {
    folders: ['checkpoint/', 'pre-checkpoint/', 'pre-checkpoint/deeper/'],
    ids: [],
  });
});

test('a circle of links ends the chain and is told', async () => {
  const archive = tarOf(
    set('checkpoint/'),
    link('checkpoint/parent', '../a'),
    set('a/'),
    link('a/parent', '../checkpoint'),
  );
  assert.deepEqual(await chainOf(archive), { folders: ['checkpoint/', 'a/'], ids: ['parent-cyclic'] });
  const itself = tarOf(set('checkpoint/'), link('checkpoint/parent', '.'));
  assert.deepEqual(await chainOf(itself), { folders: ['checkpoint/'], ids: ['parent-cyclic'] });
});

test('no link leads out of the archive; what it means can be given instead', async () => {
  for (const target of ['/checkpoint', '../../checkpoint', '../missing', '../../../etc', '']) {
    const archive = tarOf(set('checkpoint/'), link('checkpoint/parent', target));
    assert.deepEqual((await chainOf(archive)).folders, ['checkpoint/'], target);
    assert.ok(
      (await chainOf(archive)).ids.some((id) => id === 'parent-missing' || id === 'parent-cyclic'),
      target,
    );
  }
  const archive = tarOf(set('checkpoint/'), link('checkpoint/parent', '../outside'));
  const bare = tarOf(set(''), link('parent', '../before'));
  assert.deepEqual(await chainOf(archive, [bare, tarOf(set('checkpoint/'))]), {
    folders: ['checkpoint/', 'root', 'checkpoint/'],
    ids: [],
  });
});

test('a thousand links of a forger cost nothing', async () => {
  const parts = Array.from({ length: 1000 }, (_, i) => [set(`d${i}/`), link(`d${i}/parent`, `../d${i + 1}`)]).flat();
  const { folders } = await chainOf(tarOf(set('checkpoint/'), link('checkpoint/parent', '../d0'), ...parts));
  assert.equal(folders.length, 256);
});

test('the images of a bare tar lie at its root, those of Docker in the folder of the checkpoint', async () => {
  assert.deepEqual((await chainOf(tarOf(set('')))).folders, ['root']);
  assert.deepEqual((await chainOf(tarOf(set('checkpoints/one/')))).folders, ['checkpoints/one/']);
  await assert.rejects(chainOf(tarOf(set('checkpoints/one/'), set('checkpoints/two/'))), {
    code: 'ERR_CHECKPOINT_AMBIGUOUS',
    message: /holds 2 checkpoints: one, two/,
  });
});

test('in a folder on disk a parent link is a name, not a way', async (t) => {
  const path = await temporary(t);
  await mkdir(join(path, 'before'));
  await mkdir(join(path, 'now'));
  await writeFile(join(path, 'before/inventory.img'), 'before');
  await writeFile(join(path, 'now/inventory.img'), 'now');
  await symlink('../before', join(path, 'now/parent'));
  await using alone = await openCheckpoint(join(path, 'now'));
  assert.equal(alone.images.parent, undefined);
  assert.ok(alone.diagnostics().some(({ id }) => id === 'parent-missing'));
  await using given = await openCheckpoint(join(path, 'now'), { parents: [join(path, 'before')] });
  const inventory = given.images.parent?.source('inventory') ?? assert.fail();
  assert.equal(Buffer.from(await readAll(inventory, { limit: 10 })).toString(), 'before');
});

test('a pre-dump, which has no inventory, is the dump before all the same', async (t) => {
  const path = await temporary(t);
  await mkdir(join(path, 'before'));
  await writeFile(join(path, 'before/pagemap-1.img'), 'before');
  await using given = await openCheckpoint(bytesSource(tarOf(set('checkpoint/'))), { parents: [join(path, 'before')] });
  assert.deepEqual(given.images.parent?.ids('pagemap'), [1]);
  const packed = bytesSource(tarOf(entry('pagemap-2.img', 'x')));
  await using bare = await openCheckpoint(bytesSource(tarOf(set('checkpoint/'))), { parents: [packed] });
  assert.deepEqual(bare.images.parent?.ids('pagemap'), [2]);
});

test('without an inventory the folder of a sound archive is meant', async () => {
  await using archive = await openArchive(bytesSource(tarOf(entry('config.dump', '{}'))));
  assert.equal(imageFolder(archive.entries, 'x'), 'checkpoint/');
});
