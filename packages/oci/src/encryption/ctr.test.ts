import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import fc from 'fast-check';
import { ctrSource } from './ctr.ts';

/** Also those whose counter runs over within the bytes: its last block begins again at zero. */
const nonces = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.integer({ min: 0, max: 16 }).map((zeroes) => new Uint8Array(16).fill(0xff, zeroes)),
  fc.constant(new Uint8Array(16).fill(0xff).with(15, 0xf0)),
);

test('any range is what the whole, encrypted in one go, has there; twice gives what it was', () =>
  fc.assert(
    fc.asyncProperty(
      nonces,
      fc.nat(3000),
      fc.array(fc.tuple(fc.nat(3100), fc.nat(3100)), { minLength: 1, maxLength: 8 }),
      async (nonce, size, wanted) => {
        const key = { key: randomBytes(32), nonce };
        const bytes = randomBytes(size);
        const whole = createCipheriv('aes-256-ctr', key.key, nonce).update(bytes);
        const encrypted = ctrSource(bytesSource(bytes), key);
        const twice = ctrSource(encrypted, key);
        assert.equal(encrypted.locator, undefined);
        for (const [offset, length] of wanted) {
          const target = Buffer.alloc(length);
          const read = await encrypted.readInto(offset, target);
          assert.deepEqual(target.subarray(0, read), whole.subarray(offset, offset + length));
          assert.equal(await twice.readInto(offset, target), read);
          assert.deepEqual(target.subarray(0, read), bytes.subarray(offset, offset + length));
        }
      },
    ),
  ));
