import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bindMount, orderedMounts, prepareMounts, rootfsPropagation, type SpecMount } from './spec-mounts.ts';

let folder: string;
before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'stillframe-mounts-')));
});
after(() => rm(folder, { recursive: true, force: true }));

const mount = (hostPath: string, containerPath = '/in') => ({ hostPath, containerPath, readonly: false });

test('a source that is missing is made as a folder, a link is followed, a file stays a file', async () => {
  await mkdir(join(folder, 'real'));
  await symlink('real', join(folder, 'link'));
  await writeFile(join(folder, 'file'), '');
  const wanted = ['new/deep', 'link', 'file'].map((name) => mount(join(folder, name)));
  const prepared = await prepareMounts(wanted);
  assert.deepEqual(
    prepared.map(({ hostPath }) => hostPath),
    ['new/deep', 'real', 'file'].map((name) => join(folder, name)),
  );
  assert.ok((await stat(join(folder, 'new/deep'))).isDirectory());
});

test('a link that leads nowhere, relative paths, the root and unknown options are refused', async () => {
  await symlink('nothing', join(folder, 'dangling'));
  const refused = [
    mount(join(folder, 'dangling')),
    mount('relative'),
    mount(folder, 'relative'),
    mount(folder, '/'),
    mount(folder, '/..'),
    { ...mount(folder), options: ['loop'] },
    { ...mount(folder), recursiveReadonly: true },
    { ...mount(folder), readonly: true, recursiveReadonly: true, propagation: 'bidirectional' as const },
  ];
  for (const each of refused) await assert.rejects(prepareMounts([each]), { code: 'ERR_CONTAINER_INVALID' });
});

test('propagation, read-only trees and further options become mount options', () => {
  const options = (more: object) => bindMount({ ...mount('/a'), ...more }).options.join();
  assert.equal(options({}), 'rbind,rprivate,rw');
  assert.equal(options({ readonly: true }), 'rbind,rprivate,ro');
  assert.equal(options({ readonly: true, recursiveReadonly: true }), 'rbind,rprivate,ro,rro');
  assert.equal(options({ propagation: 'host-to-container' }), 'rbind,rslave,rw');
  assert.equal(options({ propagation: 'bidirectional', options: ['noexec'] }), 'rbind,rshared,rw,noexec');
});

test('outer mounts come before inner ones, and take the place of provided ones they cover', () => {
  const provided = ['/proc', '/dev', '/dev/shm'].map(
    (destination): SpecMount => ({ destination, type: 'x', source: 'x', options: [] }),
  );
  const destinations = (...paths: string[]) =>
    orderedMounts(
      provided,
      paths.map((path) => mount('/a', path)),
    ).map(({ destination }) => destination);
  assert.deepEqual(destinations('/a/b/c', '/a', '/a/b'), ['/proc', '/dev', '/dev/shm', '/a', '/a/b', '/a/b/c']);
  assert.deepEqual(destinations('/dev/shm'), ['/proc', '/dev', '/dev/shm']);
  assert.deepEqual(destinations('/dev'), ['/proc', '/dev']);
  assert.deepEqual(destinations('/device'), ['/proc', '/dev', '/dev/shm', '/device']);
});

test('the root lets through what its mounts ask for', () => {
  const slave = { ...mount('/a'), propagation: 'host-to-container' as const };
  const shared = { ...mount('/a'), propagation: 'bidirectional' as const };
  assert.equal(rootfsPropagation([mount('/a')]), undefined);
  assert.equal(rootfsPropagation([mount('/a'), slave]), 'rslave');
  assert.equal(rootfsPropagation([slave, shared]), 'rshared');
});
