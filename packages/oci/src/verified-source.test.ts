import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import fc from 'fast-check';
import { describeBytes } from './content.suite.ts';
import { verifiedSource } from './verified-source.ts';

test('reads in any order give the bytes, and the end is given only where all are right', () =>
  fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 90 })), { maxLength: 8 }),
      fc.option(fc.nat(199)),
      async (bytes, reads, damaged) => {
        const wrong = damaged !== null && damaged < bytes.length;
        const stored = Uint8Array.from(bytes, (byte, at) => (wrong && at === damaged ? byte ^ 1 : byte));
        const source = verifiedSource(bytesSource(stored), describeBytes(Buffer.from(bytes)));
        for (const [offset, length] of [...reads, [0, bytes.length] as const]) {
          const target = new Uint8Array(length);
          const reading = source.readInto(offset, target);
          if (wrong && offset < bytes.length && offset + length >= bytes.length)
            await assert.rejects(reading, { code: 'ERR_OCI_CONTENT_WRONG' });
          else assert.deepEqual(target.subarray(0, await reading), stored.subarray(offset, offset + length));
        }
      },
    ),
  ));

test('a source of another size is refused at once', () => {
  const expected = describeBytes(randomBytes(10));
  assert.throws(() => verifiedSource(bytesSource(randomBytes(9)), expected), { code: 'ERR_OCI_CONTENT_SHORT' });
  assert.throws(() => verifiedSource(bytesSource(randomBytes(11)), expected), { code: 'ERR_OCI_CONTENT_LONG' });
});
