import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeRow, elfRow, said, saidOfTexts, textRow } from './changes.fixture.ts';
import { hiddenFile, scratchProgram } from './odd-place.ts';
import { judged, processRow } from './tables.fixture.ts';

test('a hidden folder is one finding, worse with a program in it', () => {
  const changes = [
    changeRow('/tmp/.x', { type: 'folder' }),
    changeRow('/tmp/.x/a'),
    changeRow('/tmp/.x/b'),
    changeRow('/etc/.z'),
  ];
  const found = judged(hiddenFile, { changes, texts: [elfRow('/tmp/.x/a')] });
  assert.deepEqual(
    found.map(({ severity, details }) => [severity, details]),
    [
      ['medium', { path: '/tmp/.x', entries: 3 }],
      [undefined, { path: '/etc/.z', entries: 1 }],
    ],
  );
});

test('a name that is not to be seen is worse anywhere', () => {
  assert.deepEqual(said(hiddenFile, { changes: [changeRow('/srv/app/.../x'), changeRow('/srv/ /x')] }), [
    'high rootfs/srv/app/.../x',
    'high rootfs/srv/%20/x',
  ]);
});

test('what is hidden in a shared memory mount is seen in its image', () => {
  const row = elfRow('/dev/shm/.k', { place: 'tmpfs', image: 'tmpfs-dev-69.tar.gz.img' });
  assert.deepEqual(said(hiddenFile, { texts: [row] }), ['medium image/tmpfs-dev-69.tar.gz.img']);
});

test('lock files, sockets’ folders and dot files of applications are ordinary', () => {
  const paths = [
    '/tmp/.X11-unix',
    '/tmp/.s.PGSQL.5432.lock',
    '/tmp/.java_pid7',
    '/run/.containerenv',
    '/root/.cache/x',
    '/app/.env',
    '/etc/.pwd.lock',
    '/home/u/.config/y',
  ];
  assert.deepEqual(said(hiddenFile, { changes: paths.map((path) => changeRow(path)) }), []);
});

test('a program in /tmp is told, worse where it runs, less where a runtime unpacked it', () => {
  assert.deepEqual(saidOfTexts(scratchProgram, elfRow('/tmp/tool')), ['medium rootfs/tmp/tool']);
  assert.deepEqual(saidOfTexts(scratchProgram, elfRow('/tmp/libnetty_transport.so')), [
    'info rootfs/tmp/libnetty_transport.so',
  ]);
  const executable = { path: '/tmp/tool', deleted: false, memfd: false, filesystem: 'overlay' };
  const given = {
    texts: [elfRow('/tmp/tool')],
    changes: [changeRow('/tmp/tool')],
    processes: [processRow({ executable })],
  };
  assert.deepEqual(said(scratchProgram, given), ['high rootfs/tmp/tool']);
});

test('what supervisors and `go run` lay there is less', () => {
  assert.deepEqual(saidOfTexts(scratchProgram, elfRow('/run/s6/.s6-svscan/finish')), [
    'info rootfs/run/s6/.s6-svscan/finish',
  ]);
  const path = '/tmp/go-build123/b001/exe/main';
  const executable = { path, deleted: false, memfd: false, filesystem: 'overlay' };
  const given = { texts: [elfRow(path)], changes: [changeRow(path)], processes: [processRow({ executable })] };
  assert.deepEqual(said(scratchProgram, given), [`medium rootfs${path}`]);
});

test('texts that nobody can run, and programs elsewhere, are not', () => {
  assert.deepEqual(
    saidOfTexts(
      scratchProgram,
      textRow('/tmp/upload-1', 'upload\n'),
      textRow('/tmp/a.sh', '#!/bin/sh\n'),
      elfRow('/opt/x'),
    ),
    [],
  );
});
