import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesText, hexAddress, microsecondsText, millisecondsText } from './units.ts';

test('quantities are written as people read them', () => {
  assert.deepEqual([0, 1, 1023, 1024, 1536, 10_240, 1 << 20, 2 ** 30, 2 ** 40, 2 ** 53].map(bytesText), [
    '0 B',
    '1 B',
    '1023 B',
    '1.00 KiB',
    '1.50 KiB',
    '10.0 KiB',
    '1.00 MiB',
    '1.00 GiB',
    '1.00 TiB',
    '8192.0 TiB',
  ]);
  assert.deepEqual([0, 999, 1500, 81_234, 2_310_000].map(microsecondsText), [
    '0 µs',
    '999 µs',
    '1.5 ms',
    '81.2 ms',
    '2.31 s',
  ]);
  assert.deepEqual([0.4, 339.6, 2300].map(millisecondsText), ['0 ms', '340 ms', '2.3 s']);
  assert.equal(hexAddress(0xffffffffff600000n), '0xffffffffff600000');
});
