import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countOf, numberOf } from './numbers.ts';

test('addresses and lengths are read as people write them', () => {
  for (const [text, value] of [
    ['4096', 4096n],
    ['0x7ffd0000', 0x7ffd0000n],
    ['64K', 65536n],
    ['64k', 65536n],
    ['1MiB', 1048576n],
    ['0xffffffffffffffff', 2n ** 64n - 1n],
  ] as const) {
    assert.equal(numberOf(text, '--x'), value);
  }
});

test('what is no number, or needs more than 64 bits, is an error of usage that names the option', () => {
  for (const text of [
    '',
    '0x',
    'ten',
    '-1',
    '1.5',
    '0x10000000000000000',
    '99999999999999999999',
    '1P',
    '20000000000G',
  ]) {
    assert.throws(() => numberOf(text, '--length'), { code: 'ERR_USAGE_ARGUMENT', message: /--length/ }, text);
  }
  assert.throws(() => countOf('0', '--limit'), { code: 'ERR_USAGE_ARGUMENT' });
});
