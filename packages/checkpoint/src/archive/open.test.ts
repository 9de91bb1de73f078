import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { bytesSource, readAll } from '@stillframe/core';
import { openArchive } from './open.ts';
import { entry, tarOf } from './tar.fixture.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'stillframe-test-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('a plain archive is read where it lies', async () => {
  await using archive = await openArchive(fixture('crio-counter.tar'));
  assert.equal(archive.compression, 'none');
  assert.equal(archive.tar, archive.bytes);
  assert.ok(archive.has('checkpoint/inventory.img'));
});

for (const [name, compress] of [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const) {
  test(`a ${name} archive is decompressed once into a file that no folder ever shows`, async (t) => {
    const cacheFolder = await folder(t);
    const plain = await readFile(fixture('crio-counter.tar'));
    {
      await using archive = await openArchive(bytesSource(compress(plain)), { cacheFolder });
      assert.equal(archive.compression, name);
      assert.equal(archive.tar?.size, plain.length);
      assert.ok(archive.has('spec.dump'));
      assert.deepEqual(await readdir(cacheFolder), []);
    }
    assert.deepEqual(await readdir(cacheFolder), []);
  });

  test(`a ${name} archive in several members is one archive`, async (t) => {
    const plain = tarOf(entry('config.dump', '{}'), entry('spec.dump', 'x'.repeat(5000)));
    const members = [plain.subarray(0, 700), plain.subarray(700, 3000), plain.subarray(3000)].map((part) =>
      compress(part),
    );
    await using archive = await openArchive(bytesSource(Buffer.concat(members)), { cacheFolder: await folder(t) });
    assert.equal(archive.entries.get('spec.dump')?.size, 5000);
  });

  test(`a ${name} archive cut short is truncated and leaves nothing behind`, async (t) => {
    const cacheFolder = await folder(t);
    const whole = compress(await readFile(fixture('crio-counter.tar')));
    for (const size of [20, 1000, whole.length >> 1, whole.length - 1]) {
      await assert.rejects(openArchive(bytesSource(whole.subarray(0, size)), { cacheFolder }), {
        code: 'ERR_ARCHIVE_TRUNCATED',
      });
    }
    assert.deepEqual(await readdir(cacheFolder), []);
  });

  test(`a ${name} archive cut short is read as far as it goes where that is asked for`, async (t) => {
    const cacheFolder = await folder(t);
    const plain = await readFile(fixture('podman-redis.tar'));
    const whole = compress(plain);
    for (const [size, atLeast] of [
      [whole.length >> 1, 50],
      [whole.length - 1, 55],
    ] as const) {
      const options = { cacheFolder, partial: true };
      await using archive = await openArchive(bytesSource(whole.subarray(0, size)), options);
      assert.equal(archive.whole, false);
      assert.ok(archive.entries.size >= atLeast, `${archive.entries.size} entries of ${size} bytes`);
      assert.equal(archive.diagnostics[0]?.id, 'archive-truncated');
      const bytes = await readAll(archive.open('config.dump'), { limit: 1 << 20 });
      assert.match(Buffer.from(bytes).toString(), /^\{/);
    }
    const nothing = openArchive(bytesSource(whole.subarray(0, 20)), { cacheFolder, partial: true });
    await assert.rejects(nothing, { code: 'ERR_ARCHIVE_TRUNCATED' });
    assert.deepEqual(await readdir(cacheFolder), []);
  });

  test(`a ${name} archive with a flipped byte is read up to it where that is asked for`, async (t) => {
    const bad = Buffer.from(compress(await readFile(fixture('podman-redis.tar'))));
    const middle = bad.length >> 1;
    bad.writeUInt16LE(bad.readUInt16LE(middle) ^ 0x5555, middle);
    const options = { cacheFolder: await folder(t), partial: true };
    await assert.rejects(openArchive(bytesSource(bad), { ...options, partial: false }), {
      code: 'ERR_ARCHIVE_DAMAGED',
    });
    await using archive = await openArchive(bytesSource(bad), options);
    assert.equal(archive.whole, false);
    assert.equal(archive.diagnostics[0]?.id, 'archive-damaged');
    assert.ok(archive.has('config.dump'));
  });

  test(`a ${name} bomb is given up early and leaves nothing behind`, async (t) => {
    const cacheFolder = await folder(t);
    const bomb = bytesSource(compress(Buffer.alloc(64 << 20)));
    for (const decompression of [{ ratioFloor: 1 << 20, ratio: 200 }, { bytes: 1 << 20 }]) {
      await assert.rejects(openArchive(bomb, { cacheFolder, decompression }), { code: 'ERR_ARCHIVE_TOO_LARGE' });
    }
    assert.deepEqual(await readdir(cacheFolder), []);
  });
}

test('what is no archive is refused with a code and a hint', async (t) => {
  const path = await folder(t);
  const noise = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 251));
  const sound = tarOf(entry('config.dump', '{}'), entry('spec.dump', 'x'.repeat(2000)));
  const cases: [string, Uint8Array, string][] = [
    ['nothing', Buffer.alloc(0), 'ERR_ARCHIVE_EMPTY'],
    ['zeroes', Buffer.alloc(10240), 'ERR_ARCHIVE_EMPTY'],
    ['noise', noise, 'ERR_ARCHIVE_UNRECOGNISED'],
    ['text', Buffer.from('hello'), 'ERR_ARCHIVE_UNRECOGNISED'],
    ['cut in the first header', sound.subarray(0, 400), 'ERR_ARCHIVE_TRUNCATED'],
    ['cut in a body', sound.subarray(0, 2500), 'ERR_ARCHIVE_TRUNCATED'],
    ['without end mark', sound.subarray(0, sound.length - 1024), 'ERR_ARCHIVE_TRUNCATED'],
    ['bzip2', Buffer.from('BZh91AY&SY'), 'ERR_ARCHIVE_COMPRESSION_UNSUPPORTED'],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), 'ERR_ARCHIVE_COMPRESSION_UNSUPPORTED'],
    ['gzip of noise', gzipSync(noise), 'ERR_ARCHIVE_UNRECOGNISED'],
    ['gzip of nothing', gzipSync(Buffer.alloc(0)), 'ERR_ARCHIVE_EMPTY'],
    ['gzip, damaged', gzipSync(noise).fill(0x55, 20, 200), 'ERR_ARCHIVE_DAMAGED'],
    ['damaged header', Buffer.concat([entry('a', '1'), noise]), 'ERR_ARCHIVE_DAMAGED'],
  ];
  for (const [name, bytes, code] of cases) {
    const file = join(path, name);
    await writeFile(file, bytes);
    const started = performance.now();
    await assert.rejects(openArchive(file), (error: { code: string; hint?: string }) => {
      assert.equal(error.code, code, name);
      assert.ok(error.hint, name);
      return true;
    });
    assert.ok(performance.now() - started < 15_000, name);
  }
  await assert.rejects(openArchive(join(path, 'missing.tar')), { code: 'ERR_FILE_UNREADABLE' });
  await assert.rejects(openArchive('/dev/zero'), { code: 'ERR_ARCHIVE_UNRECOGNISED' });
});

test('opened as partial, a damaged archive gives what comes before the damage', async () => {
  const cut = tarOf(entry('config.dump', '{}'), entry('spec.dump', 'x'.repeat(2000))).subarray(0, 2000);
  await using archive = await openArchive(bytesSource(cut), { partial: true });
  assert.equal(archive.whole, false);
  assert.equal(archive.entries.get('spec.dump')?.truncated, true);
  assert.equal(archive.diagnostics[0]?.id, 'archive-truncated');
});

test('a bare folder of CRIU images is an archive, and no link in it is followed', async (t) => {
  const path = await folder(t);
  await writeFile(join(path, 'inventory.img'), 'img');
  await symlink('/etc/passwd', join(path, 'pages-1.img'));
  await using archive = await openArchive(path);
  assert.equal(Buffer.from(await readAll(archive.open('checkpoint/inventory.img'), { limit: 10 })).toString(), 'img');
  assert.throws(() => archive.open('checkpoint/pages-1.img'), { code: 'ERR_ARCHIVE_ENTRY_REFUSED' });
  assert.equal(archive.diagnostics.length, 1);
});

test('a listed file that was exchanged for a link is not followed', async (t) => {
  const path = await folder(t);
  await mkdir(join(path, 'checkpoint'));
  const file = join(path, 'checkpoint', 'pages-1.img');
  await writeFile(file, 'pages');
  await using archive = await openArchive(path);
  const source = archive.open('checkpoint/pages-1.img');
  await rm(file);
  await symlink('/etc/passwd', file);
  await assert.rejects(readAll(source, { limit: 100 }), { code: 'ERR_ARCHIVE_ENTRY_REFUSED' });
});

test('an empty or foreign folder is refused', async (t) => {
  const path = await folder(t);
  await assert.rejects(openArchive(path), { code: 'ERR_ARCHIVE_EMPTY' });
  await writeFile(join(path, 'readme'), '');
  await assert.rejects(openArchive(path), { code: 'ERR_ARCHIVE_UNRECOGNISED' });
});
