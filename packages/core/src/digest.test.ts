import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesSource } from './byte-source.ts';
import { digestOf, digestSource, hexOf, isDigest, parseDigest, Sha256 } from './digest.ts';

/** SHA-256 of "abc" (FIPS 180-4, first example). */
const ABC = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

test('a digest is that of the bytes, however they arrive', async () => {
  assert.equal(digestOf(Buffer.from('abc')), ABC);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 })), async (chunks) => {
      const whole = Buffer.concat(chunks);
      const hash = new Sha256();
      for (const chunk of chunks) hash.update(chunk);
      assert.equal(hash.size, whole.length);
      const expected = `sha256:${createHash('sha256').update(whole).digest('hex')}`;
      assert.equal(hash.digest(), expected);
      assert.equal(await digestSource(bytesSource(whole)), expected);
    }),
  );
});

test('only sha256 and 64 lower-case digits are a digest', () => {
  const digest = parseDigest(ABC);
  assert.equal(hexOf(digest), ABC.slice(7));
  for (const wrong of [
    '',
    ABC.slice(7),
    ABC.toUpperCase(),
    `${ABC}0`,
    ABC.slice(0, -1),
    `${ABC}\n`,
    ` ${ABC}`,
    'sha512:00',
  ]) {
    assert.equal(isDigest(wrong), false, wrong);
    assert.throws(() => parseDigest(wrong), { code: 'ERR_DIGEST_INVALID' }, wrong);
  }
});

test('the complaint about a digest does not repeat all of a hostile one', () => {
  assert.throws(
    () => parseDigest('x'.repeat(1 << 20)),
    ({ message }: Error) => message.length < 200,
  );
});
