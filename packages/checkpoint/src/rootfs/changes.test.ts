import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { openArchive } from '../archive/open.ts';
import { entry, tarOf } from '../archive/tar.fixture.ts';
import { encodePax } from '../archive/tar-pax.ts';
import { openCheckpoint } from '../checkpoint.ts';
import { archiveTree } from '../rootfs-tree.ts';
import { type ChangesOptions, changesRecorded, readChanges } from './changes.ts';

const FIXTURE = new URL('../../fixtures/containerd-counter.tar', import.meta.url).pathname;

async function changesOf(diff: Uint8Array, options: ChangesOptions = {}, deleted: unknown = undefined) {
  const parts = [
    entry('config.dump', '{}'),
    entry('checkpoint/inventory.img', ''),
    entry('rootfs-diff.tar', diff),
    ...(deleted === undefined ? [] : [entry('deleted.files', JSON.stringify(deleted))]),
  ];
  await using checkpoint = await openCheckpoint(bytesSource(tarOf(...parts)));
  const rows = await Array.fromAsync(readChanges(checkpoint, options));
  return { rows, at: (path: string) => rows.find((row) => row.path === path) };
}

test('what containerd recorded of a real container', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const rows = await Array.fromAsync(readChanges(checkpoint, { mountpoints: new Set(['/etc/hosts']) }));
  assert.ok(changesRecorded(checkpoint));
  assert.deepEqual(
    rows.map(
      ({ path, change, type, flags }) => `${change} ${type} ${path}${flags.length > 0 ? ` ${flags.join()}` : ''}`,
    ),
    [
      ...[
        'written folder /dev',
        'written folder /etc',
        'written file /etc/hostname',
        'written file /etc/hosts mountpoint',
      ],
      ...['written file /etc/resolv.conf', 'written folder /proc', 'written folder /sys'],
    ],
  );
});

test('deletions are told in all three ways that engines write them', async () => {
  const whiteout = entry('dev/gone', '', { type: '3', deviceMajor: 0, deviceMinor: 0 });
  const diff = tarOf(entry('etc/.wh.passwd', ''), entry('var/cache/.wh..wh..opq', ''), whiteout);
  const { rows } = await changesOf(diff, {}, ['/bin/ls', '/opt/']);
  assert.deepEqual(
    rows.map(({ path, change, recordedBy }) => [path, change, recordedBy]),
    [
      ['/etc/passwd', 'deleted', 'rootfs-diff.tar'],
      ['/var/cache', 'replaced', 'rootfs-diff.tar'],
      ['/dev/gone', 'deleted', 'rootfs-diff.tar'],
      ['/bin/ls', 'deleted', 'deleted.files'],
      ['/opt', 'deleted', 'deleted.files'],
    ],
  );
});

test('what deserves a second look is flagged, with owner, target and digest', async () => {
  const pax = encodePax([
    ['SCHILY.xattr.security.capability', 'x'],
    ['uid', '4294967294'],
  ]);
  const diff = tarOf(
    entry('bin/root', 'abc', { mode: 0o6755, uid: 1000, gid: 50, mtime: 99 }),
    entry('dev/mem', '', { type: '3', deviceMajor: 1, deviceMinor: 1, mode: 0o600 }),
    entry('link', '', { type: '2', linkName: '../x\u001b[2J', mode: 0o777 }),
    entry('tmp/', '', { type: '5', mode: 0o1777 }),
    entry('open/', '', { type: '5', mode: 0o777 }),
    entry('pax', pax, { type: 'x' }),
    entry('bin/ping', 'p', { mode: 0o755 }),
  );
  const { at } = await changesOf(diff, { digests: true });
  const root = at('/bin/root');
  assert.deepEqual(
    [root?.flags, root?.mode, root?.uid, root?.gid, root?.modified],
    [['setuid', 'setgid'], 0o6755, 1000, 50, 99],
  );
  assert.equal(root?.sha256, 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.deepEqual(
    [at('/dev/mem')?.device, at('/dev/mem')?.flags, at('/dev/mem')?.sha256],
    ['character 1:1', ['device'], undefined],
  );
  assert.deepEqual([at('/link')?.linkTarget, at('/link')?.flags], ['../x\u001b[2J', []]);
  assert.deepEqual([at('/tmp')?.flags, at('/open')?.flags], [[], ['world-writable']]);
  assert.deepEqual([at('/bin/ping')?.flags, at('/bin/ping')?.uid], [['capabilities'], 4294967294]);
});

test('with the image, new files are told from changed ones where it says so; without it, nobody knows', async () => {
  const diff = tarOf(entry('bin/new', 'n'), entry('bin/old', 'o'), entry('bin/again', 'a'));
  const layer = async (...parts: Uint8Array[]) =>
    archiveTree(await openArchive(bytesSource(tarOf(...parts)), { role: 'filesystem' }), 'layer');
  const image = [await layer(entry('bin/.wh.again', '')), await layer(entry('bin/old', 'x'), entry('bin/again', 'x'))];
  const kinds = (rows: readonly { path: string; change: string }[]) =>
    rows.map(({ path, change }) => `${change} ${path}`);
  assert.deepEqual(kinds((await changesOf(diff, { image })).rows), [
    'added /bin/new',
    'changed /bin/old',
    'written /bin/again',
  ]);
  assert.deepEqual(kinds((await changesOf(diff)).rows), ['written /bin/new', 'written /bin/old', 'written /bin/again']);
});

test('a checkpoint without a diff has no changes and does not claim to know', async () => {
  await using checkpoint = await openCheckpoint(bytesSource(tarOf(entry('config.dump', '{}'))));
  assert.deepEqual(await Array.fromAsync(readChanges(checkpoint)), []);
  assert.equal(changesRecorded(checkpoint), false);
});
