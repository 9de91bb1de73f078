import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, createDeflate, deflateSync } from 'node:zlib';
import { isCode } from '@stillframe/core';
import fc from 'fast-check';
import { spdyDictionary } from './dictionary.ts';
import { BLOCK_LIMIT, decodeHeaders, encodeHeaders } from './header-block.ts';
import { HeaderCompression } from './header-compression.ts';

const headers = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ maxLength: 40 })), {
    maxLength: 20,
    selector: ([name]) => name.toLowerCase(),
  })
  .map((pairs) => new Map(pairs.map(([name, value]) => [name.toLowerCase(), value])));

test('the dictionary is the one of SPDY/3, byte for byte', () => {
  assert.equal(spdyDictionary.byteLength, 1423);
  // A zlib stream that was made with a dictionary names it by its Adler-32 (RFC 1950).
  const made = deflateSync('', { dictionary: spdyDictionary });
  assert.equal(made.subarray(2, 6).toString('hex'), 'e3c6a7c2');
});

test('headers come back as they were, block after block on one connection', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(headers, { maxLength: 4 }), async (blocks) => {
      using sender = new HeaderCompression();
      using receiver = new HeaderCompression();
      for (const block of blocks) {
        const sent = await sender.compress(encodeHeaders(block));
        assert.deepEqual(decodeHeaders(await receiver.expand(sent)), block);
      }
    }),
    { numRuns: 30 },
  );
});

test('any bytes are headers or an error of their own kind', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      try {
        decodeHeaders(noise);
      } catch (error) {
        assert.ok(isCode(error, 'ERR_SPDY_HEADERS'), String(error));
      }
    }),
  );
});

for (const [what, block] of [
  ['a name with capitals', encodeHeaders(new Map([['Port', '80']]))],
  ['an empty name', encodeHeaders(new Map([['', '80']]))],
  ['a count that its bytes cannot hold', Buffer.from('ffffffff', 'hex')],
  ['a length that its bytes cannot hold', Buffer.from('00000001ffffffff61', 'hex')],
  ['bytes after the last header', Buffer.concat([encodeHeaders(new Map()), Buffer.alloc(1)])],
  ['more bytes than allowed', encodeHeaders(new Map([['a', 'x'.repeat(BLOCK_LIMIT)]]))],
] as const) {
  test(`a block with ${what} is refused`, () => {
    assert.throws(
      () => decodeHeaders(block),
      (error) => isCode(error, 'ERR_SPDY_HEADERS'),
    );
  });
}

test('what is no zlib is refused, and so is everything after it', async () => {
  using compression = new HeaderCompression();
  const refused = (bytes: Uint8Array) =>
    assert.rejects(compression.expand(bytes), (error) => isCode(error, 'ERR_SPDY_HEADERS'));
  await refused(Buffer.from('no zlib at all'));
  await refused(Buffer.from([]));
});

test('a small block that stands for megabytes is given up early', async () => {
  const bomb = createDeflate({ dictionary: spdyDictionary });
  bomb.write(Buffer.alloc(64 << 20));
  bomb.flush(constants.Z_SYNC_FLUSH, () => bomb.end());
  const bytes = Buffer.concat(await bomb.toArray());
  assert.ok(bytes.byteLength < 100_000);
  using compression = new HeaderCompression();
  await assert.rejects(compression.expand(bytes), (error) => isCode(error, 'ERR_SPDY_HEADERS'));
});
