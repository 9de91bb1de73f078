import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

test('the first restart is at once, then 10 s, doubled to 5 min, and from the beginning after 10 min', () => {
  let now = 1_000_000;
  const backoff = new Backoff(() => now);
  const delays: number[] = [];
  for (let i = 0; i < 8; i++) {
    // It ends at once.
    const ended = now;
    const wait = backoff.remaining('c', ended);
    delays.push(wait / 1000);
    now += wait;
    assert.equal(backoff.remaining('c', ended), 0);
    backoff.next('c', ended);
  }
  assert.deepEqual(delays, [0, 10, 20, 40, 80, 160, 300, 300]);
  now += 601_000;
  assert.equal(backoff.remaining('c', now), 0, 'it ran for more than ten minutes');
  backoff.next('c', now);
  assert.equal(backoff.delay('c'), 10_000);
  assert.equal(backoff.remaining('other', now), 0);
});

test('a process that comes later goes on from what the runtime tells', () => {
  const now = 1_000_000;
  const backoff = new Backoff(() => now);
  backoff.resume('c', 3, now - 5000);
  assert.equal(backoff.remaining('c', now - 1000), 39_000);
  backoff.resume('c', 9, now);
  assert.equal(backoff.delay('c'), 40_000, 'what is known stays');
  backoff.resume('new', 0, now);
  assert.equal(backoff.remaining('new', now), 0);
  backoff.resume('old', 30, now - 700_000);
  assert.equal(backoff.remaining('old', now), 0);
  backoff.forget('c');
  assert.equal(backoff.delay('c'), 0);
});
