import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { type ByteSource, bytesSource } from '@stillframe/core';
import { counted } from './counted-source.fixture.ts';
import { decompressedBytes } from './decompress.ts';

const empty = zstdCompressSync(Buffer.alloc(0));
const skippable = Buffer.from('502a4d1803000000abcdef', 'hex');

async function contentOf(source: ByteSource): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(decompressedBytes(source, 'zstd')));
}

test('frames of any size, empty and skippable ones among them, are the content in order', async () => {
  const parts = [
    Buffer.from('small'),
    Buffer.alloc(5 << 20),
    Buffer.from(Array.from({ length: 99_999 }, (_, i) => i * i)),
  ];
  const frames = parts.flatMap((part) => [skippable, empty, zstdCompressSync(part), skippable]);
  assert.deepEqual(await contentOf(bytesSource(Buffer.concat(frames))), Buffer.concat(parts));
});

test('a file of tiny frames costs by its length, not by the square of that', async () => {
  const count = 5000;
  for (const frame of [empty, skippable]) {
    const source = counted(
      Buffer.concat([...Array<Uint8Array>(count).fill(frame), zstdCompressSync(Buffer.from('x'))]),
    );
    assert.equal((await contentOf(source)).toString(), 'x');
    assert.ok(source.read <= (count + 1) * ((16 << 10) + 8), `${source.read} bytes read of ${source.size}`);
  }
});

test('a frame that ends too early is refused, however small', async () => {
  const frame = zstdCompressSync(Buffer.from('content'));
  await assert.rejects(contentOf(bytesSource(frame.subarray(0, -1))), { code: 'ERR_ARCHIVE_TRUNCATED' });
});
