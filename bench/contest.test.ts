import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, median } from './contest.ts';
import { judge } from './table.ts';

test('all take turns, another one begins each round, and the first round does not count', async () => {
  const order: string[] = [];
  const side = (name: string) => {
    let count = 0;
    return async () => {
      order.push(name);
      return count++;
    };
  };
  const figures = await inTurn(2, [side('a'), side('b'), side('c')]);
  assert.equal(order.join(''), 'abcbcacab');
  assert.deepEqual(figures, [
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
});

test('who is missing has no figures', async () => {
  assert.deepEqual(await inTurn(1, [async () => 7, undefined]), [[7], []]);
});

test('the median of an odd number is the middle one, of an even number the mean of both', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('a bar is held up to its limit, missed above it, and open where there is nothing to compare with', () => {
  const verdict = (figures: number[], nothing?: string) =>
    judge([230], { name: 'peer', figures, bar: { times: 1.15, plus: 115 }, void: nothing }).verdict;
  assert.equal(verdict([100]), 'held');
  assert.equal(verdict([99]), 'missed');
  assert.equal(verdict([]), 'open');
  assert.equal(verdict([100], 'it found nothing'), 'open');
  assert.equal(judge([1], { name: 'peer', figures: [2] }).verdict, undefined);
});
