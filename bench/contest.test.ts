import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, median } from './contest.ts';

test('both sides take turns, the other one begins each round, and the first round does not count', async () => {
  const order: string[] = [];
  const side = (name: string) => {
    let count = 0;
    return async () => {
      order.push(name);
      return count++;
    };
  };
  const figures = await inTurn(2, side('a'), side('b'));
  assert.equal(order.join(''), 'abbaab');
  assert.deepEqual(figures, [
    [1, 2],
    [1, 2],
  ]);
});

test('where the peer is missing it has no figures', async () => {
  assert.deepEqual(await inTurn(1, async () => 7, undefined), [[7], []]);
});

test('the median of an odd number is the middle one, of an even number the mean of both', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});
