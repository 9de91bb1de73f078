import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { bytesSource, readExactly, StillframeError } from '@stillframe/core';
import fc from 'fast-check';
import { counted } from './counted-source.fixture.ts';
import { openArchive } from './open.ts';
import { seekableZstd, seekTableOf } from './zstd-seekable.fixture.ts';
import { readSeekTable, seekableSource } from './zstd-seekable.ts';

const plain = await readFile(new URL('../../fixtures/crio-counter.tar', import.meta.url));

test('a seekable archive is read frame by frame, and only where it is looked at', async () => {
  const file = counted(seekableZstd(plain, 16 << 10));
  await using archive = await openArchive(file, { cacheFolder: '/nonexistent' });
  assert.equal(archive.compression, 'zstd');
  assert.equal(archive.access, 'frames');
  assert.equal(archive.tar?.size, plain.length);
  assert.ok(archive.has('checkpoint/inventory.img'));
  assert.ok(file.read < file.size, `${file.read} of ${file.size} bytes`);
});

test('any range of it is the range of the plain archive', async () => {
  for (const checksums of [false, true]) {
    const file = bytesSource(seekableZstd(plain, 10_000, { checksums }));
    const table = (await readSeekTable(file)) ?? assert.fail();
    const source = seekableSource(file, table);
    const range = fc.tuple(fc.nat(plain.length + 10), fc.nat(40_000));
    await fc.assert(
      fc.asyncProperty(range, async ([offset, length]) => {
        const target = Buffer.alloc(length);
        const read = await source.readInto(offset, target);
        assert.ok(target.subarray(0, read).equals(plain.subarray(offset, offset + length)));
        assert.equal(read, Math.max(0, Math.min(length, plain.length - offset)));
      }),
      { numRuns: 100 },
    );
  }
});

test('a table that does not account for the file is not believed: the archive is decompressed whole', async () => {
  const faults = [
    { sizes: (_: number, packed: number, size: number) => [packed + 1, size] as const },
    { sizes: (_: number, packed: number) => [packed, 2 ** 31] as const },
    { sizes: (_: number, packed: number) => [packed, 0] as const },
    // One frame without content among others.
    { sizes: (frame: number, packed: number, size: number) => [packed, frame === 1 ? 0 : size] as const },
    { count: 2 ** 31 },
    { count: 0 },
    { descriptor: 0x04 },
  ];
  for (const fault of faults) {
    const file = bytesSource(seekableZstd(plain, 16 << 10, fault));
    assert.equal(await readSeekTable(file), undefined);
    await using archive = await openArchive(file);
    assert.equal(archive.access, 'cache');
    assert.equal(archive.tar?.size, plain.length);
  }
});

test('a table that lies about the content is damage where it is read', async () => {
  for (const by of [-1, 1]) {
    const file = bytesSource(seekableZstd(plain, 16 << 10, { sizes: (_, packed, size) => [packed, size + by] }));
    await assert.rejects(openArchive(file), { code: 'ERR_ARCHIVE_DAMAGED' });
  }
});

test('a frame that is hidden behind another in one entry is damage, since other decoders show its content', async () => {
  const [shown, hidden] = [zstdCompressSync(plain), zstdCompressSync(Buffer.from('evil'))];
  for (const [behind, sound] of [
    [Buffer.alloc(0), true],
    [hidden, false],
    [Buffer.from('rest'), false],
  ] as const) {
    const packed = Buffer.concat([shown, behind]);
    const file = bytesSource(Buffer.concat([packed, seekTableOf([[packed.length, plain.length]])]));
    const table = (await readSeekTable(file)) ?? assert.fail();
    const reading = readExactly(seekableSource(file, table), 0, 512, { limit: 512 });
    if (sound) assert.deepEqual(Buffer.from(await reading), plain.subarray(0, 512));
    else await assert.rejects(reading, { code: 'ERR_ARCHIVE_DAMAGED' });
  }
});

test('a bomb in a frame gives no more than the table says', async () => {
  const bomb = seekableZstd(Buffer.alloc(30 << 20), 30 << 20, { sizes: (_, packed) => [packed, packed] });
  await assert.rejects(openArchive(bytesSource(bomb)), { code: 'ERR_ARCHIVE_DAMAGED' });
});

test('whatever bits of it are turned, it is read or refused with a code, and never gives more than it may', async () => {
  const sound = seekableZstd(plain, 16 << 10, { checksums: true });
  const table = 8 + Math.ceil(plain.length / (16 << 10)) * 12 + 9;
  await fc.assert(
    fc.asyncProperty(fc.nat(sound.length - 1), fc.nat(7), fc.boolean(), async (anywhere, bit, inTable) => {
      const at = inTable ? sound.length - 1 - (anywhere % table) : anywhere;
      const hurt = Buffer.from(sound);
      hurt[at] = (hurt[at] ?? 0) ^ (1 << bit);
      try {
        await using archive = await openArchive(bytesSource(hurt), { partial: true });
        assert.ok((archive.tar?.size ?? 0) <= 64 << 20);
      } catch (error) {
        assert.ok(StillframeError.is(error), String(error));
      }
    }),
    { numRuns: 300 },
  );
});
