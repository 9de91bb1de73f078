import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockBitsOf, type ErofsFile, encodeErofs, fitsErofs } from './erofs.ts';

/** Reads it as the kernel does: superblock, root, entries, inodes with one chunk on the first other device. */
function readErofs(image: Uint8Array): ErofsFile[] {
  const bytes = Buffer.from(image);
  assert.equal(bytes.readUInt32LE(1024), 0xe0f5e1e2);
  const block = 2 ** bytes.readUInt8(1024 + 12);
  assert.equal(bytes.readUInt32LE(1024 + 36) * block, bytes.length);
  assert.equal(bytes.readUInt16LE(1024 + 86), 1, 'one other device');
  assert.equal(bytes.readUInt16LE(1024 + 88) * 128, 1024 + 128, 'its slot follows the superblock');
  const inode = (nid: number) => bytes.readUInt32LE(1024 + 40) * block + nid * 32;
  const root = inode(bytes.readUInt16LE(1024 + 14));
  assert.equal(bytes.readUInt16LE(root + 4) & 0o170000, 0o040000);
  const folder = bytes.subarray(bytes.readUInt32LE(root + 16) * block).subarray(0, bytes.readUInt32LE(root + 8));
  const count = folder.readUInt16LE(8) / 12;
  const names = Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map((at) => (at < count ? folder.readUInt16LE(at * 12 + 8) : folder.length));
    return folder.subarray(from, to).toString().replace(/\0.*$/s, '');
  });
  assert.deepEqual(names, names.toSorted());
  assert.deepEqual(names.slice(0, 2), ['.', '..']);
  return names.slice(2).map((name, i) => {
    const at = inode(Number(folder.readBigUInt64LE((i + 2) * 12)));
    assert.equal(Math.floor(at / block), Math.floor((at + 71) / block), 'no inode lies over a border of blocks');
    const size = Number(bytes.readBigUInt64LE(at + 8));
    const chunk = block * 2 ** (bytes.readUInt16LE(at + 16) & 0x1f);
    assert.ok(size <= chunk, 'one chunk holds the file');
    assert.equal(bytes.readUInt16LE(at + 64 + 2), 1);
    return { name, size, offset: bytes.readUInt32LE(at + 64 + 4) * block };
  });
}

const files = (unit: number) =>
  fc.uniqueArray(
    fc.record({
      name: fc.nat(99_999).map((number) => `pages-${number}.img`),
      offset: fc.nat(2 ** 31).map((units) => units * unit),
      size: fc.integer({ min: 1, max: 2 ** 40 }),
    }),
    { minLength: 1, maxLength: 12, selector: ({ name }) => name },
  );

test('each file is read as the range of the device that it stands for', () => {
  for (const bits of [12, 9]) {
    fc.assert(
      fc.property(files(2 ** bits), (some) => {
        fc.pre(fitsErofs(some, bits));
        const sorted = some.map((file) => ({ ...file })).sort((a, b) => (a.name < b.name ? -1 : 1));
        assert.deepEqual(readErofs(encodeErofs(some, bits)), sorted);
      }),
    );
  }
});

test('blocks are as large as all offsets allow, and tar’s own at least', () => {
  assert.equal(blockBitsOf([4096, 1 << 30]), 12);
  assert.equal(blockBitsOf([4096, 1536]), 9);
  assert.equal(blockBitsOf([4096, 100]), undefined);
});

test('what the folder or the device has no room for does not fit', () => {
  const file = { name: 'pages-1.img', offset: 0, size: 1 };
  assert.ok(fitsErofs([file], 9));
  assert.ok(!fitsErofs(Array(22).fill(file), 9));
  assert.ok(fitsErofs([{ ...file, offset: 2 ** 41 - 4096, size: 4095 }], 9));
  assert.ok(!fitsErofs([{ ...file, offset: 2 ** 41 - 4096, size: 4096 }], 9));
});
