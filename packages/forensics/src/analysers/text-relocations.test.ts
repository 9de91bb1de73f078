import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import fc from 'fast-check';
import { hasTextRelocations } from './text-relocations.ts';

/** A 64-bit ELF file with one dynamic segment of these entries. */
function elf(...entries: readonly (readonly [tag: number, value: number])[]): Uint8Array {
  const bytes = Buffer.alloc(64 + 56 + entries.length * 16);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(2, 64);
  bytes.writeBigUInt64LE(120n, 72);
  bytes.writeBigUInt64LE(BigInt(entries.length * 16), 96);
  for (const [index, [tag, value]] of entries.entries()) {
    bytes.writeBigUInt64LE(BigInt(tag), 120 + index * 16);
    bytes.writeBigUInt64LE(BigInt(value), 128 + index * 16);
  }
  return bytes;
}

test('either way to say so is understood', async () => {
  const has = (bytes: Uint8Array) => hasTextRelocations(bytesSource(bytes), {});
  assert.equal(await has(elf([1, 5], [22, 0])), true);
  assert.equal(await has(elf([30, 0xc])), true);
  assert.equal(await has(elf([30, 0x8], [1, 5])), false);
  assert.equal(await has(Buffer.from('#!/bin/sh\n')), false);
});

test('no damage makes it throw', async () => {
  const source = elf([1, 5], [30, 8]);
  const damaged = fc.tuple(
    fc.nat(source.length - 1),
    fc.uint8Array({ minLength: 1, maxLength: 12 }),
    fc.nat(source.length),
  );
  await fc.assert(
    fc.asyncProperty(damaged, async ([at, patch, length]) => {
      const bytes = Uint8Array.from(source);
      bytes.set(patch.subarray(0, bytes.length - at), at);
      assert.equal(typeof (await hasTextRelocations(bytesSource(bytes.subarray(0, length)), {})), 'boolean');
    }),
  );
});
