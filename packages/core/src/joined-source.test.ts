import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ByteSource, bytesSource, type FileLocator } from './byte-source.ts';
import { joinedSource } from './joined-source.ts';

const parts = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 12 });

test('parts read as the whole that they make, empty ones among them', async () => {
  await fc.assert(
    fc.asyncProperty(parts, fc.nat(260), fc.nat(260), async (some, at, length) => {
      const whole = Buffer.concat(some);
      const source = joinedSource(some.map((part, i) => (i % 2 === 0 ? part : bytesSource(part))));
      assert.equal(source.size, whole.length);
      const target = new Uint8Array(length).fill(0xee);
      const read = await source.readInto(at, target);
      assert.deepEqual(Buffer.from(target.subarray(0, read)), whole.subarray(at, at + length));
      assert.ok(target.subarray(read).every((byte) => byte === 0xee));
    }),
  );
});

test('a part that ends early ends the read, and no offset is before the first', async () => {
  const short: ByteSource = { ...bytesSource(Uint8Array.of(1, 2)), size: 4 };
  const source = joinedSource([Uint8Array.of(0), short, Uint8Array.of(9)]);
  assert.equal(await source.readInto(0, new Uint8Array(6)), 3);
  await assert.rejects(source.readInto(-1, new Uint8Array(1)), { code: 'ERR_BYTES_OUT_OF_RANGE' });
});

test('it is located where all of its parts are', () => {
  const place: FileLocator = { kind: 'file', path: 'pages-1.img', offset: 10, size: 3 };
  const stored: ByteSource = { ...bytesSource(Uint8Array.of(1, 2, 3)), locator: place };
  const front = Uint8Array.of(7);
  assert.deepEqual(joinedSource([front, stored]).locator, {
    kind: 'joined',
    parts: [front, place],
    offset: 0,
    size: 4,
  });
  assert.equal(joinedSource([front, bytesSource(front)]).locator, undefined);
});
