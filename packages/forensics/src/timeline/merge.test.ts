import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TimelineEvent } from './event.ts';
import { mergeEvents } from './merge.ts';

const eventAt = (time: number): TimelineEvent => ({
  ...{ time: BigInt(time), source: 'log', description: 'written', message: '', precision: 'nanoseconds', clock: 'log' },
});

/** Batches of at most three. */
async function* streamOf(times: readonly number[], closed: () => void = () => undefined) {
  try {
    for (let i = 0; i < times.length; i += 3) yield times.slice(i, i + 3).map(eventAt);
    yield [];
  } finally {
    closed();
  }
}

test('streams that are in order are in order together, and nothing is lost', async () => {
  const stream = fc.array(fc.nat(100)).map((times) => times.toSorted((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(fc.array(stream, { maxLength: 5 }), async (streams) => {
      const merged = (await Array.fromAsync(mergeEvents(streams.map((times) => streamOf(times))))).flat();
      assert.deepEqual(
        merged.map(({ time }) => Number(time)),
        streams.flat().toSorted((a, b) => a - b),
      );
    }),
  );
});

test('whoever stops early lets every stream end', async () => {
  let closed = 0;
  const streams = [1, 2, 3].map(() =>
    streamOf(
      Array.from({ length: 5000 }, (_, i) => i),
      () => {
        closed += 1;
      },
    ),
  );
  for await (const batch of mergeEvents(streams)) if (batch.length > 0) break;
  assert.equal(closed, 3);
});
