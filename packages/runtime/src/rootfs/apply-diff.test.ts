import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { encodePax, encodeTarHeader, paddedSize, type TarHeaderFields } from '@stillframe/checkpoint';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs } from '@stillframe/testkit';
import { applyRootfsDiff } from './apply-diff.ts';
import { listing } from './fixture.ts';

/** A tar of entries as an attacker may write them; a body where text is given. */
function tarOf(...entries: (Partial<TarHeaderFields> & { name: string; text?: string })[]): Uint8Array {
  const parts = entries.map(({ text = '', ...fields }) => {
    const header = encodeTarHeader({ type: '0', mode: 0o644, ...fields, size: BigInt(text.length) });
    const body = Buffer.alloc(paddedSize(text.length));
    body.write(text);
    return Buffer.concat([header, body]);
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** A folder with `upper`, `layers/base` and a file `outside` that no archive may touch. */
async function place() {
  const folder = await openTemporaryFolder(tmpdir());
  for (const name of ['upper', 'layers', 'layers/base', 'layers/top', 'outside'])
    await mkdir(join(folder.path, name), { recursive: true });
  await writeFile(join(folder.path, 'outside/precious'), 'precious');
  const apply = async (deleted: string[], tar?: Uint8Array) => {
    const tarPath = join(folder.path, 'diff.tar');
    if (tar) await writeFile(tarPath, tar);
    const source = tar ? { tarPath, deleted } : { deleted };
    return applyRootfsDiff(join(folder.path, 'upper'), join(folder.path, 'layers'), ['base', 'top'], source);
  };
  const outside = join(folder.path, 'outside');
  /** Puts files of no content into a layer. */
  const image = async (layer: string, ...paths: string[]) => {
    for (const path of paths) {
      await mkdir(join(folder.path, 'layers', layer, dirname(path)), { recursive: true });
      await writeFile(join(folder.path, 'layers', layer, path), '');
    }
  };
  return {
    image,
    path: folder.path,
    upper: join(folder.path, 'upper'),
    outside,
    apply,
    untouched: async () => assert.deepEqual(await listing(outside), ['f 644 0:0 precious "precious"']),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const names = (lines: readonly string[]) => lines.map((line) => line.replace(/^([df]) \S+ \S+/, '$1'));

test('files of the diff and deletions come into the upper folder', needs('root'), async () => {
  await using at = await place();
  await at.image('base', 'etc/motd', 'srv/old');
  const found = await at.apply(
    ['/etc/motd', '//./srv//old/'],
    tarOf({ name: 'etc/', type: '5', mode: 0o755 }, { name: 'etc/app.conf', text: 'x', uid: 7, gid: 8, mode: 0o640 }),
  );
  assert.deepEqual(found, []);
  assert.deepEqual(await listing(at.upper), [
    'd 755 0:0 etc',
    'f 640 7:8 etc/app.conf "x"',
    'c etc/motd 0',
    'd 755 0:0 srv',
    'c srv/old 0',
  ]);
});

test('deletions that lead out of the root are refused and told', needs('root'), async () => {
  await using at = await place();
  const hostile = ['/', '', '/..', '/../outside/precious', 'a/../../outside/precious', '/x\0y', `/${'n'.repeat(256)}`];
  const found = await at.apply([...hostile, `/${'deep/'.repeat(1000)}end`]);
  assert.equal(found.length, hostile.length + 1);
  assert.ok(found.every(({ id, source }) => id === 'deletion-refused' && source === 'deleted.files'));
  assert.ok(found.every(({ message }) => message.length < 400));
  await at.untouched();
  assert.deepEqual(await readdir(at.upper), []);
});

test('no deletion goes through a link that the diff has laid', needs('root'), async () => {
  await using at = await place();
  const tar = tarOf(
    { name: 'absolute', type: '2', linkName: at.outside },
    { name: 'climbing', type: '2', linkName: '../outside' },
    { name: 'folder/', type: '5', mode: 0o755 },
    { name: 'folder/inner', type: '2', linkName: '../../outside' },
    { name: 'file', text: 'plain' },
  );
  const through = [
    '/absolute/precious',
    '/climbing/precious',
    '/folder/inner/precious',
    '/folder/inner/a/b',
    '/file/x',
  ];
  const found = await at.apply(through, tar);
  assert.deepEqual(
    found.map(({ message }) => message),
    through.map((path) => `deletion of ${path} not applied: it leads through something that is no folder`),
  );
  await at.untouched();
});

test('the link itself can be deleted; what it points to stays', needs('root'), async () => {
  await using at = await place();
  await symlink(at.outside, join(at.path, 'layers/base/of-image'));
  const tar = tarOf({ name: 'link', type: '2', linkName: at.outside });
  assert.deepEqual(await at.apply(['/link', '/of-image'], tar), []);
  assert.deepEqual(await listing(at.upper), ['c of-image 0']);
  await at.untouched();
});

test('a tar cannot write outside of the upper folder', needs('root'), async () => {
  const outsideOf = (at: { outside: string }) => [
    tarOf({ name: 'link', type: '2', linkName: at.outside }, { name: 'link/precious', text: 'replaced' }),
    tarOf({ name: 'link', type: '2', linkName: '../outside' }, { name: 'link/precious', text: 'replaced' }),
    tarOf({ name: '../outside/precious', text: 'replaced' }),
    tarOf({ name: 'a/../../outside/precious', text: 'replaced' }),
    tarOf({ name: `${at.outside}/precious`.slice(0, 100), text: 'replaced' }),
    tarOf({ name: 'hard', type: '1', linkName: `${at.outside}/precious` }, { name: 'hard', text: 'replaced' }),
    tarOf({ name: 'link', type: '2', linkName: '../outside' }, { name: 'link/.wh.precious' }),
    tarOf({ name: 'd/', type: '5', mode: 0o755 }, { name: 'd/.wh...' }),
  ];
  for (let i = 0; i < 8; i += 1) {
    await using at = await place();
    // Refusing the whole archive is as good as leaving the entry out.
    await at.apply([], outsideOf(at)[i]).catch((error) => assert.equal(error.code, 'ERR_PROCESS_FAILED'));
    await at.untouched();
  }
});

test('a damaged tar is an error', needs('root'), async () => {
  await using at = await place();
  await assert.rejects(at.apply([], Buffer.alloc(3000, 'no tar')), { code: 'ERR_PROCESS_FAILED' });
});

test(
  'folders that diff or deletions only imply take mode and owner from the topmost layer',
  needs('root'),
  async () => {
    await using at = await place();
    for (const [layer, mode, uid] of [
      ['base', 0o711, 5],
      ['top', 0o1777, 6],
    ] as const) {
      const folder = join(at.path, 'layers', layer, 'tmp');
      await mkdir(folder);
      await chmod(folder, mode);
      await chown(folder, uid, uid);
    }
    await mkdir(join(at.path, 'layers/base/var'), { mode: 0o700 });
    await at.image('base', 'var/cache/x');
    await at.apply(['/var/cache/x'], tarOf({ name: 'tmp/new', text: '' }, { name: 'other/new', text: '' }));
    const folders = (await listing(at.upper)).filter((line) => line.startsWith('d'));
    assert.deepEqual(folders, ['d 755 0:0 other', 'd 1777 6:6 tmp', 'd 700 0:0 var', 'd 755 0:0 var/cache']);
  },
);

test('a folder that the diff names keeps its own mode', needs('root'), async () => {
  await using at = await place();
  await mkdir(join(at.path, 'layers/top/tmp'), { mode: 0o711 });
  await at.apply([], tarOf({ name: './tmp/', type: '5', mode: 0o750, uid: 3 }, { name: './tmp/new' }));
  assert.deepEqual((await listing(at.upper))[0], 'd 750 3:0 tmp');
});

test('a link in a layer lends no folder the attributes of the host’s', needs('root'), async () => {
  await using at = await place();
  await mkdir(join(at.outside, 'sub'), { mode: 0o700 });
  await symlink(at.outside, join(at.path, 'layers/top/data'));
  await at.apply(['/data/sub/precious'], tarOf({ name: 'data/sub/new', text: '' }));
  assert.deepEqual(await listing(at.upper), ['d 755 0:0 data', 'd 755 0:0 data/sub', 'f 644 0:0 data/sub/new ""']);
});

test('what the image does not show is not hidden, and no folder is made for it', needs('root'), async () => {
  await using at = await place();
  await at.image('base', 'below/a/x', 'seen');
  await at.image('top', 'below/a');
  const tar = tarOf({ name: 'mine/file', text: '' });
  const found = await at.apply(['/nothing/here', '/below/a/x', '/seen/x', '/mine/file', '/mine/other'], tar);
  assert.deepEqual(found, []);
  assert.deepEqual(await listing(at.upper), ['d 755 0:0 mine']);
});

test('a containerd diff brings its deletions as whiteouts of its own', needs('root'), async () => {
  await using at = await place();
  await at.apply([], tarOf({ name: 'etc/.wh.motd' }, { name: 'srv/.wh..wh..opq' }, { name: 'srv/new', text: '' }));
  assert.deepEqual(names(await listing(at.upper)), ['d etc', 'c etc/motd 0', 'd srv', 'f srv/new ""']);
});

test('names of any bytes that a tar can carry arrive', needs('root'), async () => {
  await using at = await place();
  const long = `dir/${'日'.repeat(80)}`;
  const record = Buffer.from(encodePax([['path', long]]));
  const tar = tarOf({ name: 'pax', type: 'x', text: record.toString('latin1') }, { name: 'short' });
  // The body goes in as text above, so its bytes are set here.
  tar.set(record, 512);
  await at.apply([], tar);
  assert.deepEqual(names(await listing(at.upper)), ['d dir', `f ${long} ""`]);
});
