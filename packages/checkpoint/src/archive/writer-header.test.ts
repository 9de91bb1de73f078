import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ByteSource, bytesSource } from '@stillframe/core';
import { codePoint } from '@stillframe/testkit/text';
import fc from 'fast-check';
import { readTarIndex } from './reader.ts';
import { endMark, entry } from './tar.fixture.ts';
import { BLOCK, decodeTarHeader } from './tar-header.ts';
import { encodeFiller, encodeHeader, endOfArchive, paddingOf } from './writer-header.ts';

const GiB = 2 ** 30;
const facts = { name: 'a', type: 'file', size: 0, mode: 0o600, mtime: 1_700_000_000 } as const;

/** A source of `size` bytes that holds `front` and zeroes after it. */
function sparse(front: Uint8Array, size: number): ByteSource {
  return {
    size,
    async readInto(offset, target) {
      const length = Math.min(target.length, Math.max(0, size - offset));
      target.fill(0, 0, length);
      target.set(front.subarray(Math.min(offset, front.length), offset + length));
      return length;
    },
  };
}

test('a header is one block wherever name and size fit', () => {
  const block = encodeHeader({ ...facts, name: 'checkpoint/pages-1.img', size: 8 * GiB - 1 });
  assert.equal(block.length, BLOCK);
  const decoded = decodeTarHeader(block);
  assert.equal(decoded.kind, 'header');
  if (decoded.kind !== 'header') return;
  const { name, size, type, mode, uid, gid, mtime, dialect } = decoded.header;
  assert.deepEqual(
    [name, size, type, mode, uid, gid],
    ['checkpoint/pages-1.img', BigInt(8 * GiB - 1), '0', 0o600, 0, 0],
  );
  assert.deepEqual([mtime, dialect], [1_700_000_000, 'ustar']);
});

test('a folder says so and only permission bits are written', () => {
  const decoded = decodeTarHeader(encodeHeader({ ...facts, name: 'checkpoint/', type: 'folder', mode: 0o40700 }));
  assert.ok(decoded.kind === 'header' && decoded.header.type === '5' && decoded.header.mode === 0o700);
});

test('sizes from 8 GiB on are read back from their pax record', async () => {
  for (const size of [8 * GiB - 1, 8 * GiB, 8 * GiB + 1, 700 * GiB, 2 ** 50]) {
    const front = encodeHeader({ ...facts, name: 'checkpoint/pages-1.img', size });
    assert.equal(front.length, size < 8 * GiB ? BLOCK : 3 * BLOCK);
    const end = front.length + size + paddingOf(size);
    const index = await readTarIndex(sparse(front, end + endOfArchive.length));
    assert.equal(index.entries.get('checkpoint/pages-1.img')?.size, size);
    assert.equal(index.fault, undefined);
    assert.equal(index.endOffset, end + endOfArchive.length);
  }
});

test('long names of any script are read back', async () => {
  const part = fc
    .string({ unit: codePoint, minLength: 1, maxLength: 300 })
    .map((raw) => raw.toWellFormed().replace(/[/\0]/g, '_'));
  const name = part.filter((raw) => !/^\.{1,2}$/.test(raw) && raw.length < 4000);
  await fc.assert(
    fc.asyncProperty(name, async (raw) => {
      const index = await readTarIndex(bytesSource(Buffer.concat([encodeHeader({ ...facts, name: raw }), endMark])));
      assert.deepEqual([...index.entries.keys()], [raw]);
      assert.deepEqual(index.diagnostics, []);
    }),
  );
});

test('a name that begins with a byte order mark keeps it', async () => {
  for (const raw of ['\ufeffmark', `\ufeff${'x'.repeat(200)}`]) {
    const index = await readTarIndex(bytesSource(Buffer.concat([encodeHeader({ ...facts, name: raw }), endMark])));
    assert.deepEqual([...index.entries.keys()], [raw]);
  }
});

test('the short form of a long name ends at a whole character', () => {
  const decoded = decodeTarHeader(encodeHeader({ ...facts, name: 'ü'.repeat(80) }).subarray(2 * BLOCK));
  assert.ok(decoded.kind === 'header');
  assert.equal(decoded.header.name, 'ü'.repeat(50));
  const odd = decodeTarHeader(encodeHeader({ ...facts, name: `a${'ü'.repeat(80)}` }).subarray(2 * BLOCK));
  assert.ok(odd.kind === 'header' && odd.header.name === `a${'ü'.repeat(49)}`);
});

test('a filler has exactly the length asked for and changes nothing of the entry after it', async () => {
  for (let length = 1024; length <= 70_000; length += 512) {
    const filler = encodeFiller(length);
    assert.equal(filler.length, length);
    const index = await readTarIndex(bytesSource(Buffer.concat([filler, entry('a', 'body'), endMark])));
    assert.equal(index.entries.get('a')?.headerOffset, length);
    assert.deepEqual(index.diagnostics, []);
  }
});

test('other lengths cannot be filled', () => {
  for (const length of [-512, 0, 512, 1000, 1025, 1536.5]) assert.throws(() => encodeFiller(length), RangeError);
});

test('padding brings any body to a whole block', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (size) => {
      const padding = paddingOf(size);
      assert.ok(padding >= 0 && padding < BLOCK);
      assert.equal((BigInt(size) + BigInt(padding)) % 512n, 0n);
    }),
  );
});
