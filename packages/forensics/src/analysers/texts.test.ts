import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckpoint } from '@stillframe/checkpoint';
import { checkpointOf, layerOf, read } from './made-checkpoint.fixture.ts';
import { texts } from './texts.ts';

const ELF = { text: Buffer.from('\x7fELF\x02\x01\x01\0\0\0\0\0', 'latin1'), mode: 0o755 };
const FIXTURE = new URL('../../../checkpoint/fixtures/open-files.tar', import.meta.url).pathname;

test('files at places of interest are read, data elsewhere is not, and of programs it is told what they are', async () => {
  await using checkpoint = await checkpointOf({
    'etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
    'srv/data.bin': 'data',
    'usr/bin/tool': ELF,
    'opt/run': { text: '#!/bin/sh\nexec /opt/x\n', mode: 0o755 },
    'tmp/upload': 'upload\n',
    'etc/hosts': '',
  });
  const { rows } = await read(texts, checkpoint);
  assert.deepEqual(
    rows.map(({ path, topic, kind, size, cut }) => [path, topic, kind, size, cut]),
    [
      ['/etc/passwd', 'accounts', 'text', 26, false],
      ['/usr/bin/tool', undefined, 'elf', 12, false],
      ['/opt/run', undefined, 'script', 22, false],
      ['/tmp/upload', undefined, 'text', 7, false],
      ['/etc/hosts', 'names', 'empty', 0, false],
    ],
  );
});

test('what lies in a mounted /dev/shm is read from its own tar', async () => {
  await using checkpoint = await checkpointOf({}, { '.x/tool': ELF, data: 'data' });
  const { rows } = await read(texts, checkpoint);
  const told = rows.map(({ path, place, kind, mode, image }) => [path, place, kind, mode, image]);
  assert.deepEqual(told, [
    ['/dev/shm/.x/tool', 'tmpfs', 'elf', 0o755, 'devshm-checkpoint.tar'],
    ['/dev/shm/data', 'tmpfs', 'text', 0o644, 'devshm-checkpoint.tar'],
  ]);
});

test('a long file is cut and says so; the image tells what stood there before', async () => {
  await using checkpoint = await checkpointOf({ 'etc/crontab': '# x\n'.repeat(20_000), 'etc/passwd': 'new' });
  const { rows, faults } = await read(texts, checkpoint, [layerOf({ 'etc/passwd': 'old' })]);
  assert.deepEqual(
    rows.map(({ path, text, cut, before }) => [path, text.length, cut, before]),
    [
      ['/etc/crontab', 65_536, true, undefined],
      ['/etc/passwd', 3, false, 'old'],
    ],
  );
  assert.deepEqual(faults, []);
});

test('of very many files the rest is left out and told', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`etc/cron.d/${index}`, 'x'.repeat(70_000)]),
  );
  await using checkpoint = await checkpointOf(many);
  const { rows, faults } = await read(texts, checkpoint);
  assert.equal(
    rows.reduce((sum, { text }) => sum + text.length, 0),
    16 << 20,
  );
  assert.deepEqual(
    faults.map(({ id }) => id),
    ['texts-limited'],
  );
});

test('deleted files and memfds are there with who holds them; what was not captured is unknown', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const { rows } = await read(texts, checkpoint);
  const told = rows.map(({ path, place, kind, size, image, holders }) => [
    path,
    place,
    kind,
    size,
    image,
    holders.length,
  ]);
  assert.deepEqual(told, [
    ['/work/ghost-small', 'ghost', 'text', 12, 'ghost-file-1.img', 2],
    ['/work/ghost-large', 'ghost', 'binary', 262_144, 'ghost-file-2.img', 2],
    ['corpus-memfd', 'memfd', 'unknown', 12, 'memfd.img', 2],
  ]);
});
