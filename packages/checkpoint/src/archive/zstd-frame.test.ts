import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { frameLength } from './zstd-frame.ts';

test('a frame ends where the encoder ended it, whatever follows', () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 400_000 }),
    fc.nat(400_000).map((length) => new Uint8Array(length)),
  );
  fc.assert(
    fc.property(content, fc.boolean(), fc.boolean(), fc.uint8Array({ maxLength: 40 }), (plain, sum, sized, rest) => {
      const params = {
        [constants.ZSTD_c_checksumFlag]: sum ? 1 : 0,
        [constants.ZSTD_c_contentSizeFlag]: sized ? 1 : 0,
      };
      const frame = zstdCompressSync(plain, { params, pledgedSrcSize: plain.length });
      assert.equal(frameLength(Buffer.concat([frame, rest])), frame.length);
      assert.equal(frameLength(frame.subarray(0, -1)), undefined);
    }),
    { numRuns: 60 },
  );
});

test('of what is no frame no end is told', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      assert.ok((frameLength(bytes) ?? 0) <= bytes.length);
      assert.equal(frameLength(Buffer.concat([Buffer.from('502a4d18', 'hex'), bytes])), undefined);
    }),
  );
});
