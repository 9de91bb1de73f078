import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Hexdump } from './hexdump.ts';

test('lines begin at multiples of 16, repeated ones are a star, gaps are told', () => {
  const dump = new Hexdump();
  const text = [
    dump.add(0x100en, Buffer.from('hello, world')),
    dump.add(0x101an, Buffer.alloc(70)),
    dump.gap(0x1060n, 0x2000n, 'absent: file'),
    dump.add(0x2000n, Buffer.from([0xff])),
    dump.end(),
  ].join('');
  assert.equal(
    text,
    [
      '0x100e                                                         68 65  |              he|',
      '0x1010              6c 6c 6f 2c 20 77 6f 72  6c 64 00 00 00 00 00 00  |llo, world......|',
      '0x1020              00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|',
      '*',
      '0x1060              … 0x2000  absent: file',
      '0x2000              ff                                                |.               |',
      '',
    ].join('\n'),
  );
});

test('however the bytes come, the dump is the same', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(40)), fc.nat(0xffff), (whole, cuts, address) => {
      const dumpOf = (sizes: readonly number[]) => {
        const dump = new Hexdump();
        let text = '';
        let at = 0;
        for (const size of [...sizes, whole.length]) {
          text += dump.add(BigInt(address + at), whole.subarray(at, at + size));
          at = Math.min(whole.length, at + size);
        }
        return text + dump.end();
      };
      assert.equal(dumpOf(cuts), dumpOf([]));
    }),
  );
});
