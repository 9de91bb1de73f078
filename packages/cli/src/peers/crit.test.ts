/** `image-set` beside crit itself, over the fixtures: one image of each kind, and every listing. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openCheckpoint } from '@stillframe/checkpoint';
import { readAll } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { explorers } from '@stillframe/criu-image/crit';
import { findPeer, needs } from '@stillframe/testkit';

const PROGRAM = fileURLToPath(new URL('../../bin/stillframe.mjs', import.meta.url));
const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
const run = promisify(execFile);
const { skip } = needs('crit');

async function ours(...args: string[]): Promise<Buffer> {
  const { stdout } = await run(process.execPath, [PROGRAM, 'image-set', ...args], {
    encoding: 'buffer',
    maxBuffer: 1 << 26,
  });
  return stdout;
}

async function theirs(...args: string[]): Promise<Buffer> {
  const { stdout } = await run(findPeer('crit') ?? '', args, { encoding: 'buffer', maxBuffer: 1 << 26 });
  return stdout;
}

test('what image-set prints of images that lie in an archive is what crit prints of them unpacked', {
  skip,
}, async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const seen = new Set<string>();
  // The larger one first: what it lacks, the others may have.
  for (const name of ['podman-redis', 'crio-counter', 'containerd-counter']) {
    await using checkpoint = await openCheckpoint(fixture(name));
    for (const { kind, id, name: file } of checkpoint.images.images) {
      const source = checkpoint.images.source(kind.name, id);
      if (kind.form !== 'framed' || source === undefined || seen.has(kind.name)) continue;
      seen.add(kind.name);
      const path = join(folder.path, file);
      await writeFile(path, await readAll(source, { limit: 1 << 20 }));
      assert.deepEqual(await ours('show', `${fixture(name)}:${file}`), await theirs('show', path), file);
    }
  }
  assert.ok(seen.size >= 20, [...seen].join());
});

test('lists of image-set are those of crit', { skip }, async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const archive = fixture('podman-redis');
  await run('tar', ['--extract', '--file', archive, '--directory', folder.path, 'checkpoint']);
  for (const what of explorers) {
    const list = (await ours('x', archive, what)).toString();
    assert.equal(list, (await theirs('x', join(folder.path, 'checkpoint'), what)).toString(), what);
    assert.ok(list.split('\n').length > 4, what);
  }
});

test('decode, encode and info do what crit’s do, and each takes the other’s JSON', { skip }, async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const entry = `${fixture('podman-redis')}:files.img`;
  const at = (name: string) => join(folder.path, name);
  await ours('decode', entry, '-o', at('ours.json'), '--pretty');
  await theirs('encode', '-i', at('ours.json'), '-o', at('files.img'));
  await theirs('decode', '-i', at('files.img'), '-o', at('theirs.json'));
  const image = await ours('encode', '-i', at('theirs.json'));
  await writeFile(at('again.img'), image);
  assert.deepEqual(await ours('decode', at('again.img')), await theirs('decode', '-i', at('files.img')));
  assert.deepEqual(await ours('info', at('files.img')), await theirs('info', at('files.img')));
  await using checkpoint = await openCheckpoint(fixture('podman-redis'));
  const source = checkpoint.images.source('files') ?? assert.fail(basename(entry));
  assert.deepEqual(image, Buffer.from(await readAll(source, { limit: 1 << 20 })));
});
