import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GROWTH, judge, slope } from './verdict.ts';

const level = { processes: 3, mounts: 0, cgroups: 0, descriptors: 30, heap: 20_000, outside: 4000, rss: 110 };
const rounds = (name: string, values: readonly number[]) => values.map((value) => ({ ...level, [name]: value }));

test('the slope is that of the straight line through the values', () => {
  assert.equal(slope([]), 0);
  assert.equal(slope([7]), 0);
  assert.equal(slope([1, 3, 5, 7]), 2);
  assert.equal(slope([4, 4, 4]), 0);
});

test('level figures and noise around them are no leak, nor is what the first rounds take', () => {
  assert.deepEqual(judge(rounds('rss', [80, 95, 110, 112, 109, 111, 110, 111, 109, 110])).leaks, []);
  assert.deepEqual(judge(rounds('heap', [9000, 15_000, 20_000, 20_010, 19_990, 20_000, 20_005, 19_990])).leaks, []);
});

test('steady growth of anything is a leak, by name', () => {
  for (const [name, allowed] of Object.entries(GROWTH)) {
    const start = 100;
    const grown = Array.from({ length: 10 }, (_none, round) => start + round * (allowed * 1.5 + 0.5));
    assert.deepEqual(judge(rounds(name, grown)).leaks, [name]);
  }
});

test('a figure that is missing does not pass, and too few rounds are refused', () => {
  const without = rounds('heap', Array(8).fill(1)).map(({ rss: _rss, ...rest }) => rest);
  assert.deepEqual(judge(without).leaks, ['rss']);
  assert.throws(() => judge(rounds('heap', Array(7).fill(1))), /at least 8 rounds/);
});
