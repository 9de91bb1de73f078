import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codePoint } from '@stillframe/testkit/text';
import fc from 'fast-check';
import { decodePax, encodePax } from './tar-pax.ts';

test('kept records come back as they were written', () => {
  const value = fc.string({ unit: codePoint, maxLength: 300 }).map((raw) => raw.toWellFormed());
  fc.assert(
    fc.property(value, value, (path, linkpath) => {
      const { records, fault } = decodePax(
        encodePax([
          ['path', path],
          ['comment', 'x'.repeat(97)],
          ['linkpath', linkpath],
        ]),
      );
      assert.equal(fault, undefined);
      assert.deepEqual(
        [...records],
        [
          ['path', path],
          ['linkpath', linkpath],
        ],
      );
    }),
  );
});

test('a record that lies about its length ends the set; the records before it stand', () => {
  for (const lie of [
    '99 path=a\n',
    '5 path=a\n',
    '0 a=b\n',
    '-4 a=b\n',
    '18446744073709551616 a=b\n',
    'x',
    '9 =value\n',
    '6 key\n',
  ]) {
    const { records, fault } = decodePax(Buffer.concat([encodePax([['size', '7']]), Buffer.from(lie)]));
    assert.ok(fault, lie);
    assert.deepEqual([...records], [['size', '7']], lie);
  }
});

test('any bytes decode without an exception', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodePax(bytes)));
});
