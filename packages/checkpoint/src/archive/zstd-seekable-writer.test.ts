import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { bytesSource, readAll } from '@stillframe/core';
import fc from 'fast-check';
import { decompress } from './decompress.ts';
import { openArchive } from './open.ts';
import { readSeekTable, seekableSource } from './zstd-seekable.ts';
import { compressSeekable, frameSizeOf, type SeekableOptions } from './zstd-seekable-writer.ts';

const MiB = 1 << 20;

/** `bytes` in pieces of these sizes, over and over. */
async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function packed(plain: AsyncIterable<Uint8Array>, options: SeekableOptions): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(compressSeekable(plain, options)));
}

/** Bytes of runs, some repetitive, some not, so that frames come out both longer and shorter than their content. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat(5000).map((size) => new Uint8Array(size).fill(7)),
    ),
    {
      maxLength: 12,
    },
  )
  .map((runs) => Buffer.concat(runs));

test('whatever goes in comes out: of a decoder that knows no table, and by ranges', async () => {
  await fc.assert(
    fc.asyncProperty(
      content,
      fc.array(fc.nat(4000), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 50, max: 5000 }),
      fc.constantFrom(1, 3, 19),
      async (plain, sizes, frameSize, level) => {
        const file = await packed(pieces(plain, sizes), { level, frameSize });
        {
          await using whole = await decompress(bytesSource(file), 'zstd');
          assert.deepEqual(Buffer.from(await readAll(whole, { limit: MiB })), plain);
        }
        const table = (await readSeekTable(bytesSource(file))) ?? assert.fail('no table');
        const source = seekableSource(bytesSource(file), table);
        assert.deepEqual(Buffer.from(await readAll(source, { limit: MiB })), plain);
        assert.equal(table.plain.length - 1, Math.max(1, Math.ceil(plain.length / frameSize)));
        // The same content makes the same file, however it arrives.
        assert.deepEqual(await packed(pieces(plain, [plain.length]), { level, frameSize }), file);
      },
    ),
    { numRuns: 40 },
  );
});

test('an archive so compressed is read frame by frame', async () => {
  const plain = await readFile(new URL('../../fixtures/crio-counter.tar', import.meta.url));
  const file = await packed(pieces(plain, [100_000]), { frameSize: 32 << 10 });
  assert.ok(file.length < plain.length / 3);
  await using archive = await openArchive(bytesSource(file), { cacheFolder: '/nonexistent' });
  assert.deepEqual([archive.access, archive.tar?.size], ['frames', plain.length]);
});

test('a bit that was turned in a frame is found where it is read: each has a checksum of its content', async () => {
  // Stored as it is, so that nothing but the checksum can tell.
  const plain = Buffer.from(Array.from({ length: 4000 }, (_, at) => (at * at * 31 + (at >> 3)) & 0xff));
  const file = await packed(pieces(plain, [4000]), { frameSize: 1000 });
  const table = (await readSeekTable(bytesSource(file))) ?? assert.fail();
  const [first = 0, second = 0] = table.packed.subarray(1);
  for (let at = first + 12; at < second - 4; at += 97) {
    const hurt = Buffer.from(file);
    hurt[at] = (hurt[at] ?? 0) ^ 1;
    const source = seekableSource(bytesSource(hurt), table);
    await assert.rejects(source.readInto(1500, new Uint8Array(10)), { code: 'ERR_ARCHIVE_DAMAGED' });
    assert.equal(await source.readInto(0, new Uint8Array(1000)), 1000);
  }
});

test('it takes in no more than it can compress while nobody takes anything out', async () => {
  let given = 0;
  const endless = (async function* () {
    for (;;) {
      given += 1;
      yield new Uint8Array(1000);
    }
  })();
  const file = compressSeekable(endless, { frameSize: 1000 });
  for (let taken = 1; taken <= 20; taken += 1) {
    await file.next();
    assert.ok(given <= taken + 5, `${given} frames taken in for ${taken}`);
  }
  await file.return();
});

test('an abort and a fault of the content end it', async () => {
  const failing = (async function* () {
    yield new Uint8Array(10_000);
    throw new Error('the disk is gone');
  })();
  await assert.rejects(packed(failing, { frameSize: 100 }), /the disk is gone/);
  const signal = AbortSignal.abort(new Error('enough'));
  await assert.rejects(packed(pieces(new Uint8Array(10), [1]), { signal }), /enough/);
});

test('frames grow where a table would have too many of them', () => {
  assert.deepEqual([0, 2 ** 40, 2 ** 40 + 1, 2 ** 50].map(frameSizeOf), [MiB, MiB, 2 * MiB, 32 * MiB]);
});
