import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import fc from 'fast-check';
import { findTokens } from './tokens.ts';

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (claims: unknown, signature = 'c2lnbmF0dXJl'.repeat(20)) =>
  `${base64({ alg: 'RS256', kid: 'k' })}.${base64(claims)}.${signature}`;
const BOUND = token({ iss: 'https://kubernetes.default.svc', sub: 'system:serviceaccount:default:app' });
const LEGACY = token({ 'kubernetes.io/serviceaccount/namespace': 'default', iss: 'kubernetes/serviceaccount' });
const OTHER = token({ iss: 'https://accounts.example', sub: 'someone' });

async function found(bytes: Buffer, chunkSize?: number): Promise<string[]> {
  const texts: string[] = [];
  for await (const { offset, bytes: length } of findTokens(bytesSource(bytes), chunkSize ? { chunkSize } : {})) {
    texts.push(bytes.toString('latin1', offset, offset + length));
  }
  return texts;
}

test('tokens of service accounts are found, those of others are not', async () => {
  const text = `Authorization: Bearer ${BOUND}\0TOKEN=${LEGACY}\n${OTHER} and eyJ.eyJ.eyJ .eyJ`;
  assert.deepEqual(await found(Buffer.from(text)), [BOUND, LEGACY]);
});

test('a token without its signature, or at the very end, is one still', async () => {
  const [header, claims] = BOUND.split('.');
  assert.deepEqual(await found(Buffer.from(`x ${header}.${claims}`)), [`${header}.${claims}`]);
});

test('each token is found once and whole, wherever the windows of reading end', async () => {
  const size = 400_000;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 0, max: 4000 }),
      async (slots, shift) => {
        const bytes = Buffer.alloc(size, '.eyJ ');
        for (const slot of slots) bytes.write(`;${BOUND};`, slot * 4300 + shift, 'latin1');
        assert.deepEqual(
          await found(bytes, 1),
          slots.map(() => BOUND),
        );
      },
    ),
    { numRuns: 40 },
  );
});

test('bytes made to look like tokens cost no more than reading them', async () => {
  for (const text of ['.eyJ', 'eyJ', `${'A'.repeat(20_000)}.eyJ`, `eyJ.eyJ${'A'.repeat(16_000)}.`]) {
    const from = performance.now();
    assert.deepEqual(await found(Buffer.alloc(16 << 20, text)), []);
    assert.ok(performance.now() - from < 30_000, `${text.slice(0, 10)}… took ${performance.now() - from} ms`);
  }
});
