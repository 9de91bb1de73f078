import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BLOCK, decodeTarHeader, encodeTarHeader } from './tar-header.ts';

const text = (most: number) =>
  fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: most }).filter((value) => !value.includes('\0'));

test('what the encoder writes the decoder reads, for every name, size, number and dialect', () => {
  const fields = fc.record(
    {
      name: text(100),
      linkName: text(100),
      size: fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: fc.integer({ min: 0, max: 2 ** 45 }),
      gid: fc.integer({ min: 0, max: 2 ** 31 }),
      mtime: fc.integer({ min: 0, max: 2 ** 40 }),
      deviceMajor: fc.integer({ min: 0, max: 2 ** 31 }),
      deviceMinor: fc.integer({ min: 0, max: 2 ** 45 }),
      type: fc.constantFrom('0', '1', '2', '5', 'x', 'L', 'S'),
      dialect: fc.constantFrom('ustar' as const, 'gnu' as const),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fields, (given) => {
      assert.deepEqual(decodeTarHeader(encodeTarHeader(given)), { kind: 'header', header: given });
    }),
  );
});

test('a long name is split between name and prefix', () => {
  const name = `${'a'.repeat(120)}/${'b'.repeat(99)}`;
  const decoded = decodeTarHeader(encodeTarHeader({ name, size: 0n, type: '0' }));
  assert.equal(decoded.kind === 'header' && decoded.header.name, name);
  assert.throws(() => encodeTarHeader({ name: 'c'.repeat(101), size: 0n, type: '0' }), RangeError);
});

test('any block is a header, zero or invalid, and never an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: BLOCK + 8 }), (block) => {
      assert.match(decodeTarHeader(block).kind, /^(header|zero|invalid)$/);
    }),
  );
});

test('one changed byte outside the checksum makes a header invalid', () => {
  const header = encodeTarHeader({ name: 'config.dump', size: 77n, type: '0' });
  for (const at of [0, 99, 124, 156, 257, 345, 511]) {
    const changed = Uint8Array.from(header);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    assert.equal(decodeTarHeader(changed).kind, 'invalid', `byte ${at}`);
  }
});
