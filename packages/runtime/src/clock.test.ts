import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nowNanoseconds, rfc3339 } from './clock.ts';

test('nanoseconds are written as Go writes them, without trailing zeroes', () => {
  assert.equal(rfc3339('0'), '1970-01-01T00:00:00Z');
  assert.equal(rfc3339('1'), '1970-01-01T00:00:00.000000001Z');
  assert.equal(rfc3339('1764000000500000000'), '2025-11-24T16:00:00.5Z');
  assert.equal(rfc3339('1764000000000000000'), '2025-11-24T16:00:00Z');
});

test('no nanosecond is lost on the way', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 62n }), (time) => {
      const [, whole = '', fraction = ''] = /^(.{19})(?:\.(\d{1,9}))?Z$/.exec(rfc3339(String(time))) ?? [];
      assert.equal(BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0')), time);
    }),
  );
});

test('now is between before and after', () => {
  const before = Date.now();
  const now = Number(BigInt(nowNanoseconds()) / 1_000_000n);
  assert.ok(before <= now && now <= Date.now());
});
