import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ByteSource, bytesSource, readAll, readExactly, sliceSource, streamOf } from './byte-source.ts';

const bytes = fc.uint8Array({ maxLength: 200 });
const outOfRange = { code: 'ERR_BYTES_OUT_OF_RANGE' };

test('a window of a window reads as the same window of the bytes', async () => {
  const part = fc.nat(220);
  await fc.assert(
    fc.asyncProperty(bytes, part, part, part, part, part, part, async (all, a, b, c, d, at, length) => {
      const outer = all.subarray(Math.min(a, all.length)).subarray(0, b);
      const inner = outer.subarray(Math.min(c, outer.length)).subarray(0, d);
      const slice = sliceSource(
        sliceSource(bytesSource(all), Math.min(a, all.length), outer.length),
        Math.min(c, outer.length),
        inner.length,
      );
      const target = new Uint8Array(length).fill(0xee);
      const read = await slice.readInto(at, target);
      assert.deepEqual(target.subarray(0, read), inner.subarray(at, at + length));
      assert.ok(target.subarray(read).every((byte) => byte === 0xee));
    }),
  );
});

test('a window that does not lie wholly inside is refused', () => {
  const source = bytesSource(new Uint8Array(10));
  for (const [offset, size] of [
    [0, 11],
    [10, 1],
    [11, 0],
    [-1, 5],
    [1, -1],
    [0.5, 1],
    [Number.NaN, 1],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ] as const) {
    assert.throws(() => sliceSource(source, offset, size), outOfRange, `${offset}+${size}`);
  }
});

test('no offset shows bytes from before a source, which a negative one would', async () => {
  const source = bytesSource(Uint8Array.of(1, 2, 3, 4, 5));
  for (const reader of [source, sliceSource(source, 2, 3)]) {
    for (const offset of [-1, -3, 0.5, Number.NaN]) {
      await assert.rejects(reader.readInto(offset, new Uint8Array(4)), outOfRange, String(offset));
    }
  }
});

test('a window of a located source is itself located', () => {
  const source: ByteSource = {
    ...bytesSource(new Uint8Array(100)),
    locator: { kind: 'file', path: 'pages-1.img', offset: 1000, size: 100 },
  };
  assert.deepEqual(sliceSource(sliceSource(source, 10, 50), 5, 20).locator, {
    kind: 'file',
    path: 'pages-1.img',
    offset: 1015,
    size: 20,
  });
});

test('exactly the bytes asked for are read, or none', async () => {
  await fc.assert(
    fc.asyncProperty(
      bytes,
      fc.integer({ min: -10, max: 220 }),
      fc.integer({ min: -10, max: 220 }),
      async (all, at, n) => {
        const read = readExactly(bytesSource(all), at, n, { limit: 300 });
        if (at < 0 || n < 0 || at + n > all.length) await assert.rejects(read, outOfRange);
        else assert.deepEqual(await read, all.slice(at, at + n));
      },
    ),
  );
});

test('a length over the limit is refused before memory is taken for it', async () => {
  const claim: ByteSource = { size: Number.MAX_SAFE_INTEGER, readInto: () => assert.fail('nothing is to be read') };
  await assert.rejects(readExactly(claim, 0, 2 ** 50, { limit: 100 }), { code: 'ERR_LIMIT_EXCEEDED' });
  await assert.rejects(readAll(claim, { limit: 100 }), { code: 'ERR_LIMIT_EXCEEDED' });
});

test('a source that turns out shorter than its size is an error, not zeroes', async () => {
  const short: ByteSource = { ...bytesSource(new Uint8Array(5)), size: 9 };
  await assert.rejects(readAll(short, { limit: 100 }), outOfRange);
  await assert.rejects(Array.fromAsync(streamOf(short, { chunkSize: 4 })), outOfRange);
});

test('a stream gives all bytes in order, in fresh chunks of the size asked for', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 64 }), async (all, chunkSize) => {
      const chunks = await Array.fromAsync(streamOf(bytesSource(all), { chunkSize }));
      assert.deepEqual(new Uint8Array(Buffer.concat(chunks)), all);
      assert.ok(chunks.slice(0, -1).every((chunk) => chunk.length === chunkSize));
      assert.equal(new Set(chunks.map((chunk) => chunk.buffer)).size, chunks.length);
    }),
  );
});

test('a stream stops where the signal aborts', async () => {
  const ending = new AbortController();
  const seen: number[] = [];
  await assert.rejects(
    async () => {
      for await (const chunk of streamOf(bytesSource(new Uint8Array(10)), { chunkSize: 2, signal: ending.signal })) {
        seen.push(chunk.length);
        if (seen.length === 2) ending.abort();
      }
    },
    { name: 'AbortError' },
  );
  assert.deepEqual(seen, [2, 2]);
});

test('one byte over the limit is refused, however long the source is', async () => {
  const source = bytesSource(new Uint8Array(10));
  assert.equal((await readExactly(source, 0, 4, { limit: 4 })).length, 4);
  await assert.rejects(readExactly(source, 0, 5, { limit: 4 }), { code: 'ERR_LIMIT_EXCEEDED' });
});
