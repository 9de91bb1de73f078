import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameCutter } from './frames.ts';

const format = { name: 'frame', header: 8, lengthAt: 4, limit: 1000 };

const framed = (data: Uint8Array) => {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
};

test('frames come out whole, however the bytes are cut', () => {
  const data = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });
  fc.assert(
    fc.property(data, fc.infiniteStream(fc.integer({ min: 1, max: 70 })), (all, sizes) => {
      const bytes = Buffer.concat(all.map(framed));
      const cutter = new FrameCutter(format);
      const out: Buffer[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = sizes.next().value ?? 1;
        for (const frame of cutter.cut(bytes.subarray(at, at + size))) out.push(Buffer.from(frame.data));
        at += size;
      }
      assert.deepEqual(
        out.map((each) => [...each]),
        all.map((each) => [...each]),
      );
    }),
  );
});

test('a length above the limit is refused before anything of it is there', () => {
  const header = Buffer.from([0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
  const cutter = new FrameCutter(format);
  assert.throws(() => [...cutter.cut(header)], { code: 'ERR_NRI_PROTOCOL', message: /4294967295 bytes/ });
  const fits = Buffer.from([0, 0, 0, 1, 0, 0, 0x03, 0xe8]);
  assert.deepEqual([...new FrameCutter(format).cut(fits)], [], 'the rest is waited for');
});
