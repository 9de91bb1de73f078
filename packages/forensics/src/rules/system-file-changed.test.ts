import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PackageTable } from '../analysers/packages.ts';
import { changeRow, elfRow, said, textRow } from './changes.fixture.ts';
import { systemFileChanged as rule } from './system-file-changed.ts';
import { judged, processRow } from './tables.fixture.ts';

const LOGIN = '/bin/login';
const owned = (content: 'same' | 'other' | 'unknown', path = LOGIN): PackageTable => ({
  managers: ['dpkg'],
  files: [{ path, manager: 'dpkg', package: 'login', content }],
});

test('a program of the system is worse where the image had another one', () => {
  const texts = [elfRow(LOGIN)];
  assert.deepEqual(said(rule, { texts, changes: [changeRow(LOGIN, { change: 'changed' })] }), [
    'high rootfs/bin/login',
  ]);
  const other = '/usr/bin/tool';
  assert.deepEqual(said(rule, { texts: [elfRow(other)], changes: [changeRow(other)] }), [`medium rootfs${other}`]);
});

test('what every image brings was replaced, even where the image is not at hand to say so', () => {
  for (const path of [
    LOGIN,
    '/usr/sbin/sshd',
    '/bin/bash',
    '/usr/lib/x86_64-linux-gnu/libc.so.6',
    '/lib/security/pam_unix.so',
  ])
    assert.deepEqual(said(rule, { texts: [elfRow(path)], changes: [changeRow(path)] }), [`high rootfs${path}`]);
  for (const path of ['/usr/bin/lsof', '/usr/local/bin/bash'])
    assert.doesNotMatch(said(rule, { texts: [elfRow(path)], changes: [changeRow(path)] }).join(), /high/);
});

test('what a package brought is one finding, and what is not as it brought it another', () => {
  const given = { texts: [elfRow(LOGIN)], changes: [changeRow(LOGIN, { change: 'changed' })] };
  assert.deepEqual(said(rule, { ...given, packages: owned('same') }), ['low rootfs/bin/login']);
  assert.match(
    judged(rule, { ...given, packages: owned('other') })[0]?.summary ?? '',
    /not what the package login has/,
  );
  assert.deepEqual(said(rule, { ...given, packages: owned('other') }), ['high rootfs/bin/login']);
});

test('under /usr/local people install for themselves, unless it runs', () => {
  const path = '/usr/local/bin/tool';
  const given = { texts: [textRow(path, '#!/usr/bin/python3\n', { mode: 0o755 })], changes: [changeRow(path)] };
  assert.deepEqual(said(rule, given), [`low rootfs${path}`]);
  const executable = { path, deleted: false, memfd: false, filesystem: 'overlay' };
  assert.deepEqual(said(rule, { ...given, processes: [processRow({ executable })] }), [`medium rootfs${path}`]);
});

test('data, caches and mountpoints are no programs', () => {
  const changes = [
    changeRow('/usr/lib/x.conf'),
    changeRow('/usr/lib/__pycache__/x.so'),
    changeRow('/usr/lib/libcuda.so', { flags: ['mountpoint'] }),
  ];
  const texts = [textRow('/usr/lib/x.conf', 'a=1'), elfRow('/usr/lib/__pycache__/x.so'), elfRow('/usr/lib/libcuda.so')];
  assert.deepEqual(said(rule, { texts, changes }), []);
});

test('of very many the rest is told as one', () => {
  const paths = Array.from({ length: 80 }, (_, index) => `/usr/bin/p${index}`);
  const found = said(rule, { texts: paths.map((path) => elfRow(path)), changes: paths.map((path) => changeRow(path)) });
  assert.equal(found.length, 51);
});
