import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '@stillframe/core';
import { codePoint } from '@stillframe/testkit/text';
import fc from 'fast-check';
import { type EvidenceReference, parseReference, referenceText } from './reference.ts';

const pid = fc.nat(2 ** 31);
const address = fc.bigInt(0n, (1n << 64n) - 1n);
const name = fc.string({ minLength: 1, unit: codePoint }).map((text) => text.toWellFormed());
const references: fc.Arbitrary<EvidenceReference> = fc.oneof(
  fc.record({ kind: fc.constant('process' as const), pid }),
  fc.record({ kind: fc.constant('memory' as const), pid, address, bytes: fc.nat() }),
  fc.record({ kind: fc.constant('mapping' as const), pid, start: address, end: address }),
  fc.record({ kind: fc.constant('fd' as const), pid, fd: fc.oneof(fc.nat(), fc.constantFrom('exe', 'cwd', 'root')) }),
  fc.record({ kind: fc.constant('socket' as const), fileId: fc.nat() }),
  fc.record({ kind: fc.constant('image' as const), name: name.filter((text) => !text.includes('/')), entry: fc.nat() }),
  fc.record({ kind: fc.constant('entry' as const), name, offset: fc.nat(), bytes: fc.nat() }),
  fc.record({ kind: fc.constant('rootfs' as const), path: name.map((text) => `/${text}`) }),
  fc.record({ kind: fc.constant('mount' as const), mountpoint: name.map((text) => `/${text}`) }),
);

test('a reference is one plain word, which reads as what it was written from', () => {
  fc.assert(
    fc.property(references, (reference) => {
      const text = referenceText(reference);
      assert.match(text, /^[\x21-\x7e]+$/);
      assert.deepEqual(parseReference(text), { ...reference });
    }),
  );
});

test('anything else is refused', () => {
  for (const text of ['', 'process', 'process/x', 'process/7/8', 'memory/7/7f+1', 'rootfs', 'entry/%zz', 'fd/1/stdin'])
    assert.throws(
      () => parseReference(text),
      (error) => isCode(error, 'ERR_FORENSICS_REFERENCE'),
      text,
    );
});
