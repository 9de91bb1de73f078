import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeRow, said, saidOfTexts, textRow } from './changes.fixture.ts';
import { loaderPathChanged, loaderPreload } from './loader-changed.ts';
import { judged } from './tables.fixture.ts';

test('a library for every program is told, with the file itself where it was written too', () => {
  const texts = [textRow('/etc/ld.so.preload', '/usr/lib/libprocess.so\n')];
  const changes = [changeRow('/etc/ld.so.preload'), changeRow('/usr/lib/libprocess.so')];
  const [found] = judged(loaderPreload, { texts, changes });
  assert.deepEqual(found?.references, [
    { kind: 'rootfs', path: '/etc/ld.so.preload' },
    { kind: 'rootfs', path: '/usr/lib/libprocess.so' },
  ]);
  assert.deepEqual(said(loaderPreload, { texts, changes }), ['high rootfs/etc/ld.so.preload']);
});

test('an allocator is not much, an empty file nothing', () => {
  assert.deepEqual(saidOfTexts(loaderPreload, textRow('/etc/ld.so.preload', '/usr/lib/libjemalloc.so.2\n')), [
    'low rootfs/etc/ld.so.preload',
  ]);
  assert.deepEqual(saidOfTexts(loaderPreload, textRow('/etc/ld.so.preload', '\n')), []);
});

test('a folder of libraries where anybody may write is worse than another', () => {
  const path = '/etc/ld.so.conf.d/x.conf';
  assert.deepEqual(saidOfTexts(loaderPathChanged, textRow(path, '/tmp/lib\n')), [`high rootfs${path}`]);
  assert.deepEqual(saidOfTexts(loaderPathChanged, textRow(path, '/opt/cuda/lib64\n')), [`low rootfs${path}`]);
  assert.deepEqual(saidOfTexts(loaderPathChanged, textRow(path, '# none\n')), []);
});
