import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode } from '@stillframe/core';
import { demandWithin, strictest, watchPause } from './pause-budget.ts';
import { estimateOf } from './pause-estimate.ts';

const GIB = 1 << 30;

test('an estimate grows with memory, changed files and processes, and shrinks with a faster disk', () => {
  const little = { containers: 1, processes: 3, memory: 1 << 20, files: 0, rate: GIB };
  const { expected } = estimateOf(little);
  assert.ok(expected > 100_000 && expected < 250_000, `${expected} µs for a small container`);
  const large = estimateOf({ ...little, memory: GIB }).expected;
  assert.ok(large > 1_000_000 && large < 3_000_000, `${large} µs for 1 GiB at 1 GiB/s`);
  assert.ok(estimateOf({ ...little, memory: GIB, rate: 4 * GIB }).expected < large);
  assert.ok(estimateOf({ ...little, files: GIB }).expected > expected);
  assert.ok(estimateOf({ ...little, processes: 500 }).expected > expected + 1_000_000);
});

test('only `refuse` asks the estimate', () => {
  const estimate = estimateOf({ containers: 1, processes: 1, memory: GIB, files: 0, rate: GIB });
  const over = { maxPause: 500_000, overBudget: 'refuse' } as const;
  assert.throws(() => demandWithin(over, estimate), {
    code: 'ERR_CHECKPOINT_PAUSE_BUDGET',
    message: /^a pause of \d\.\d\d s is expected, 500\.0 ms are allowed$/,
  });
  demandWithin({ ...over, maxPause: 10_000_000 }, estimate);
  demandWithin({ ...over, overBudget: 'abort' }, estimate);
  demandWithin({ ...over, overBudget: 'proceed' }, estimate);
});

test('of several budgets the shortest holds, and of equal ones the strictest', () => {
  assert.equal(strictest([undefined, undefined]), undefined);
  const long = { maxPause: 9, overBudget: 'refuse' } as const;
  const short = { maxPause: 3, overBudget: 'proceed' } as const;
  assert.equal(strictest([long, undefined, short]), short);
  assert.equal(strictest([{ ...long, overBudget: 'abort' }, long]), long);
});

test('a freeze is given up once `abort`’s time is over, and by nothing else', async () => {
  using watch = watchPause({ maxPause: 10_000, overBudget: 'abort' }, undefined);
  await delay(40);
  assert.ok(isCode(watch.signal?.reason, 'ERR_CHECKPOINT_PAUSE_BUDGET'));
  const { signal } = new AbortController();
  for (const budget of [undefined, { maxPause: 1, overBudget: 'proceed' } as const]) {
    using other = watchPause(budget, signal);
    assert.equal(other.signal, signal);
  }
  const over = watchPause({ maxPause: 10_000, overBudget: 'abort' }, undefined);
  over[Symbol.dispose]();
  await delay(40);
  assert.equal(over.signal?.aborted, false);
});
