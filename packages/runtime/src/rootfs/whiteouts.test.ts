import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs } from '@stillframe/testkit';
import { demand } from '../process/run.ts';
import { listing } from './fixture.ts';
import { convertWhiteouts, isWhiteout, makeWhiteout } from './whiteouts.ts';

async function filled(...paths: string[]) {
  const folder = await openTemporaryFolder(tmpdir());
  for (const path of paths) {
    await mkdir(join(folder.path, dirname(path)), { recursive: true });
    await writeFile(join(folder.path, path), '');
  }
  return folder;
}

async function isOpaque(folder: string): Promise<boolean> {
  const { stdout } = await demand(['getfattr', '--absolute-names', '--dump', '--match=trusted.overlay', folder], {});
  return stdout.includes('trusted.overlay.opaque="y"');
}

test('a layer’s whiteouts become what overlayfs understands', needs('root'), async () => {
  await using layer = await filled('etc/.wh.motd', 'srv/.wh..wh..opq', 'srv/new', 'keep');
  await convertWhiteouts(layer.path);
  assert.deepEqual(
    (await listing(layer.path)).map((line) => line.replace(/^([df]) \S+ \S+/, '$1')),
    ['d etc', 'c etc/motd 0', 'f keep ""', 'd srv', 'f srv/new ""'],
  );
  assert.equal(await isWhiteout(join(layer.path, 'etc/motd')), true);
  assert.equal(await isWhiteout(join(layer.path, 'keep')), false);
  assert.equal(await isOpaque(join(layer.path, 'srv')), true);
  assert.equal(await isOpaque(join(layer.path, 'etc')), false);
});

test(
  'a whiteout hides nothing of its own layer; a folder made anew hides the old one’s content',
  needs('root'),
  async () => {
    await using layer = await filled('.wh.file', 'file', '.wh.folder', 'folder/new');
    await convertWhiteouts(layer.path);
    assert.deepEqual(
      (await listing(layer.path)).map((line) => line.replace(/^([df]) \S+ \S+/, '$1')),
      ['f file ""', 'd folder', 'f folder/new ""'],
    );
    assert.equal(await isOpaque(join(layer.path, 'folder')), true);
  },
);

test('a whiteout that would name the folder itself or the one above is dropped', needs('root'), async () => {
  await using outer = await filled('layer/in/.wh...', 'layer/in/.wh..', 'layer/in/.wh.', 'outside');
  await convertWhiteouts(join(outer.path, 'layer'));
  assert.deepEqual(
    (await listing(outer.path)).map((line) => line.replace(/^([df]) \S+ \S+/, '$1')),
    ['d layer', 'd layer/in', 'f outside ""'],
  );
});

test('links are neither entered nor followed', needs('root'), async () => {
  await using outer = await filled('layer/.wh.link', 'outside/.wh.x', 'outside/x');
  await symlink(join(outer.path, 'outside'), join(outer.path, 'layer/link'));
  await symlink(join(outer.path, 'outside/x'), join(outer.path, 'layer/file'));
  await convertWhiteouts(join(outer.path, 'layer'));
  await makeWhiteout(join(outer.path, 'layer/file'));
  assert.equal(await isWhiteout(join(outer.path, 'layer/file')), true);
  assert.deepEqual(
    (await listing(join(outer.path, 'outside'))).map((line) => line.replace(/^([df]) \S+ \S+/, '$1')),
    ['f .wh.x ""', 'f x ""'],
  );
});
