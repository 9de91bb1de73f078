import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNameOf, kindNamed, kindOfFile, kinds, kindsOfMagic } from './kinds.ts';

test('every kind is found again by the file name it makes, with its id', () => {
  for (const { name, file } of kinds) {
    const id = /%/.test(file) ? 42 : undefined;
    const found = kindOfFile(fileNameOf(name, id));
    assert.equal(found?.kind.name, name);
    assert.equal(found?.id, id);
  }
});

test('kind names are unique, and so are the forms of file names', () => {
  assert.equal(new Set(kinds.map(({ name }) => name)).size, kinds.length);
  assert.equal(new Set(kinds.map(({ file }) => file.replace(/%[ux]/, '%'))).size, kinds.length);
});

test('a magic and its name in CRIU go together', () => {
  const framed = kinds.filter((kind) => kind.form === 'framed');
  for (const { name, symbol, magic } of framed) {
    const others = framed.filter((other) => (other.symbol === symbol) !== (other.magic === magic));
    const taken = others.map((other) => `${other.name} (${other.symbol}, 0x${other.magic.toString(16)})`);
    assert.deepEqual(
      taken,
      [],
      `${name} (${symbol}, 0x${magic.toString(16)}) shares half of a row: see CRIU's magic.h`,
    );
  }
});

test('ids of sockets and ghost files are hexadecimal, all others decimal', () => {
  assert.equal(kindOfFile('tcp-stream-1f.img')?.id, 31);
  assert.equal(kindOfFile('ghost-file-10.img')?.id, 16);
  assert.equal(kindOfFile('core-10.img')?.id, 10);
  assert.equal(kindOfFile('core-1f.img'), undefined);
});

test('names that are nearly those of images are not taken for them', () => {
  const wrong = [
    'core-.img',
    'core-01.img',
    'core--1.img',
    'core-1.img.gz',
    'xcore-1.img',
    'core-1\n.img',
    'CORE-1.img',
  ];
  const more = [
    'ghost-file-1F.img',
    'stats-dump.img',
    'stats-other',
    'descriptors.json',
    'inventory-1.img',
    '',
    '../mm-1.img',
  ];
  for (const name of [...wrong, ...more]) assert.equal(kindOfFile(name), undefined, JSON.stringify(name));
});

test('an id above 2^53 is refused rather than rounded', () => {
  assert.equal(kindOfFile('pagemap-shmem-9007199254740991.img')?.id, Number.MAX_SAFE_INTEGER);
  assert.equal(kindOfFile('pagemap-shmem-9007199254740993.img'), undefined);
});

test('names that begin alike are told apart', () => {
  assert.equal(kindOfFile('pagemap-shmem-7.img')?.kind.name, 'pagemap-shmem');
  assert.equal(kindOfFile('tmpfs-dev-49.tar.gz.img')?.kind.name, 'tmpfs-dev');
  assert.equal(kindOfFile('tmpfs-49.tar.gz.img')?.kind.name, 'tmpfs');
  assert.equal(kindOfFile('binfmt-misc-3.img')?.kind.name, 'binfmt-misc-old');
  assert.equal(kindOfFile('eventpoll-tfd.img')?.kind.name, 'eventpoll-tfd');
});

test('a magic can stand for several kinds, which is why the name decides', () => {
  assert.deepEqual(kindsOfMagic(0x56084025), ['pagemap', 'pagemap-shmem']);
  assert.deepEqual(kindsOfMagic(0x12345678), []);
  assert.equal(kindNamed('pages').magic, undefined);
});
