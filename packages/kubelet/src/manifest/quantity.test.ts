import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteQuantity, milliCpu, nanoUnits } from './quantity.ts';

test('quantities are rounded up to whole units', () => {
  const cpu = (value: unknown) => milliCpu(value, 'p', []);
  const bytes = (value: unknown) => byteQuantity(value, 'p', []);
  assert.deepEqual(['250m', '0.1', '1', 2, '1500u', '1n'].map(cpu), [250, 100, 1000, 2000, 2, 1]);
  assert.deepEqual(
    ['64Mi', '1.5Gi', '128974848', '129e6', '129M', '1E3', '0.5', 4096].map(bytes),
    [67_108_864, 1_610_612_736, 128_974_848, 129_000_000, 129_000_000, 1000, 1, 4096],
  );
});

test('anything else is none', () => {
  for (const text of ['', 'x', '-1', '1 Mi', '1mi', '1KB', '1e', '1.2.3', '١', '1e999', '9'.repeat(30)])
    assert.equal(nanoUnits(text), undefined, text);
  const faults: string[] = [];
  for (const value of [null, {}, Number.NaN, -1, '1E', `9${'0'.repeat(19)}`]) byteQuantity(value, 'p', faults);
  assert.equal(faults.length, 6);
});
