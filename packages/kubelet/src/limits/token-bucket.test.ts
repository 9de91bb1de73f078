import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBuckets } from './token-bucket.ts';

test('a bucket gives its burst at once, then its rate, and says how long to wait', () => {
  let now = 0;
  const buckets = new TokenBuckets({ perSecond: 2, burst: 3 }, () => now);
  const take = (count: number) => Array.from({ length: count }, () => buckets.take('a'));
  assert.deepEqual(take(4), [undefined, undefined, undefined, 1]);
  assert.equal(buckets.take('b'), undefined, 'others have their own');
  now = 400;
  assert.equal(buckets.has('a'), false);
  now = 500;
  assert.deepEqual(take(2), [undefined, 1]);
  now = 100_000;
  assert.deepEqual(take(4), [undefined, undefined, undefined, 1]);
});

test('a slow bucket says the whole time', () => {
  const buckets = new TokenBuckets({ perSecond: 0.1, burst: 1 }, () => 0);
  assert.equal(buckets.take('a'), undefined);
  assert.equal(buckets.take('a'), 10);
});

test('no more is given than burst and rate allow, whenever it is asked', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 100 }), fc.integer({ min: 1, max: 5 }), (pauses, burst) => {
      let now = 0;
      let given = 0;
      const buckets = new TokenBuckets({ perSecond: 3, burst }, () => now);
      for (const pause of pauses) {
        now += pause;
        if (buckets.take('a') === undefined) given++;
        assert.ok(given <= burst + (now / 1000) * 3 + 1e-6);
      }
    }),
  );
});

test('keys are forgotten, the longest unused first', () => {
  const buckets = new TokenBuckets({ perSecond: 0.001, burst: 1 }, () => 0);
  buckets.take('first');
  buckets.take('second');
  for (let n = 0; n < 4094; n++) buckets.take(String(n));
  buckets.take('first');
  buckets.take('one more');
  assert.equal(buckets.has('first'), false);
  assert.equal(buckets.has('second'), true, 'forgotten, so full again');
});
