import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isoTime, readTime, secondsTime } from './time.ts';

test('times are read with the precision that they are written in, in any zone', () => {
  assert.deepEqual(readTime('1970-01-01T00:00:01Z'), { time: 1_000_000_000n, precision: 'seconds' });
  assert.deepEqual(readTime('1970-01-01T01:00:00.5+01:00'), { time: 500_000_000n, precision: 'milliseconds' });
  assert.deepEqual(readTime('1970-01-01T00:00:00.000001Z'), { time: 1000n, precision: 'microseconds' });
  assert.deepEqual(readTime('1970-01-01T00:00:00.123456789Z'), { time: 123_456_789n, precision: 'nanoseconds' });
  for (const none of [
    undefined,
    '',
    '1970-01-01',
    '1970-13-01T00:00:00Z',
    '2026-02-31T00:00:00Z',
    '1970-01-01T00:00:00',
  ])
    assert.equal(readTime(none), undefined);
});

test('text and number are the same time, before 1970 too', () => {
  const most = 8_640_000_000_000_000_000_000n;
  fc.assert(
    fc.property(fc.bigInt(-(62n * 10n ** 18n), 253n * 10n ** 18n), (time) => {
      assert.equal(readTime(`${isoTime(time, 9)}Z`)?.time, time);
    }),
  );
  assert.equal(isoTime(most + 1_000_000_000n), undefined);
});

test('seconds of archives that no date holds are no time', () => {
  assert.deepEqual(secondsTime(1.5), { time: 1_500_000_000n, precision: 'microseconds' });
  assert.equal(secondsTime(-1)?.time, -1_000_000_000n);
  for (const none of [undefined, Number.NaN, Number.POSITIVE_INFINITY, 1e30])
    assert.equal(secondsTime(none), undefined);
});
