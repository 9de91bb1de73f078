/** The written forms of values, held against what crit 4.2 was seen to print, and against their way back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deviceOf, deviceText } from '../device-number.ts';
import { addressText, addressWords } from './addresses.ts';
import { base64Lines, bytesOfBase64, textOf } from './json-text.ts';
import { bytesOfQuotedPrintable, quotedPrintable } from './quoted-printable.ts';
import { flagsOf, flagsText, integerOf } from './value-names.ts';

const word = fc.nat(0xffffffff);
const some = fc.constantFrom(0, 0, 0xffff0000, 1, 0x01000000);

test('an IP address comes back from its text', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(word, { minLength: 4, maxLength: 4 }),
        fc.array(some, { minLength: 4, maxLength: 4 }),
        fc.array(word, { minLength: 1, maxLength: 1 }),
      ),
      (words) => {
        assert.deepEqual(addressWords(addressText(words) ?? ''), words);
      },
    ),
  );
});

test('IPv6 is written as Python 3.14 writes it', () => {
  const written = (...bytes: number[]) => addressText([...new Uint32Array(Uint8Array.from(bytes).buffer)]);
  assert.equal(written(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), '::');
  assert.equal(written(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1), '2001:db8::1:0:0:1');
  assert.equal(written(0, 1, 0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7), '1:0:2:3:4:5:6:7');
  assert.equal(written(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4), '::ffff:1.2.3.4');
  assert.equal(written(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4), '::102:304');
  for (const wrong of ['', '1.2.3', '1.2.3.256', ':::', '1:2', '1::2::3', '1:2:3:4:5:6:7:8:9', 'g::']) {
    assert.equal(addressWords(wrong), undefined, wrong);
  }
});

test('a device number comes back from its text, in both packings', () => {
  fc.assert(
    fc.property(word, fc.boolean(), (value, old) => {
      assert.equal(deviceOf(deviceText(BigInt(value), old), old), BigInt(value));
    }),
  );
  assert.equal(deviceText(0x0801n, true), '8:1');
  assert.equal(deviceText(0x800001n, false), '8:1');
});

test('the name of a Unix socket comes back, whatever its bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 250 }), (bytes) => {
      assert.deepEqual(bytesOfQuotedPrintable(quotedPrintable(bytes)), bytes);
    }),
  );
});

test('names are quoted where crit quotes them', () => {
  const quoted = (text: string) => quotedPrintable(Buffer.from(text, 'latin1'));
  assert.equal(quoted('\0name=1'), '=00name=3D1');
  assert.equal(quoted('a b '), 'a b=20');
  assert.equal(quoted('.'), '=2E');
  assert.equal(quoted('.x'), '.x');
  assert.equal(quoted('x'.repeat(76)), 'x'.repeat(76));
  assert.equal(quoted('x'.repeat(77)), `${'x'.repeat(75)}=\nxx`);
  assert.equal(quoted(`${'x'.repeat(73)}\xff`), `${'x'.repeat(73)}=\n=FF`);
});

test('flags come back from their names', () => {
  fc.assert(
    fc.property(word, fc.constantFrom('mmap.prot', 'mmap.status', 'rfile.flags', 'none'), (value, table) => {
      assert.equal(flagsOf(flagsText(BigInt(value), table), table), BigInt(value));
    }),
  );
  assert.equal(flagsText(0n, 'mmap.prot'), '');
  assert.equal(flagsOf('PROT_WHAT', 'mmap.prot'), undefined);
  assert.equal(integerOf('0x-1'), -1n);
});

test('base64 is broken as Python breaks it', () => {
  assert.equal(base64Lines(new Uint8Array(0)), '');
  assert.equal(base64Lines(new Uint8Array(58)), `${'A'.repeat(76)}\nAA==\n`);
  assert.equal(bytesOfBase64('A'), undefined);
  assert.equal(bytesOfBase64('AA=A'), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
      assert.deepEqual(bytesOfBase64(base64Lines(bytes)), bytes),
    ),
  );
});

test('JSON is laid out as Python lays it out', () => {
  const value = { a: [], b: {}, c: [1, 'é"\u0001', true], d: 1n << 63n };
  assert.equal(
    textOf(value, undefined),
    '{"a": [], "b": {}, "c": [1, "\\u00e9\\"\\u0001", true], "d": 9223372036854775808}',
  );
  assert.equal(textOf({ a: [1, 2] }, 0), '{\n    "a": [\n        1,\n        2\n    ]\n}');
});
