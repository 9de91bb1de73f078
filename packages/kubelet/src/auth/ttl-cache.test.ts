import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TtlCache } from './ttl-cache.ts';

test('an answer holds for its life and no longer; one without a life is asked for each time', async () => {
  let now = 0;
  let asked = 0;
  const cache = new TtlCache<{ life: number }>(
    ({ life }) => life,
    () => now,
  );
  const get = (life: number) => cache.get(`lives ${life}`, async () => ({ life, number: ++asked }));
  await get(10);
  now = 9;
  await get(10);
  assert.equal(asked, 1);
  now = 10;
  await get(10);
  assert.equal(asked, 2);
  await get(0);
  await get(0);
  assert.equal(asked, 4);
});

test('who asks for the same at a time gets one answer, and a failure is not remembered', async () => {
  const cache = new TtlCache<string>(() => 1000);
  let asked = 0;
  const failing = () => cache.get('key', () => Promise.reject(new Error(`failure ${++asked}`)));
  const both = await Promise.allSettled([failing(), failing()]);
  assert.deepEqual(
    both.map((each) => each.status === 'rejected' && each.reason.message),
    ['failure 1', 'failure 1'],
  );
  assert.equal(await cache.get('key', async () => 'well'), 'well');
});
