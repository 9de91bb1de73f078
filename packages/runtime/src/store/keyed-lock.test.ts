import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { KeyedLock } from './keyed-lock.ts';

test('work under one key is done in order, one at a time; other keys do not wait', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.record({ key: fc.constantFrom('a', 'b'), fails: fc.boolean() }), { maxLength: 20 }),
      async (scheduler, jobs) => {
        const lock = new KeyedLock();
        const begun: Record<string, number[]> = { a: [], b: [] };
        const busy = new Set<string>();
        const all = jobs.map(({ key, fails }, i) =>
          lock.run(key, async () => {
            assert.equal(busy.has(key), false, 'two at once');
            busy.add(key);
            begun[key]?.push(i);
            await scheduler.schedule(Promise.resolve());
            busy.delete(key);
            if (fails) throw new Error(`job ${i}`);
            return i;
          }),
        );
        const settled = Promise.allSettled(all);
        await scheduler.waitFor(settled);
        for (const key of ['a', 'b']) {
          const expected = jobs.flatMap((job, i) => (job.key === key ? [i] : []));
          assert.deepEqual(begun[key], expected);
        }
        for (const [i, outcome] of (await settled).entries()) {
          if (outcome.status === 'fulfilled') assert.equal(outcome.value, i);
          else assert.equal(outcome.reason.message, `job ${i}`);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('a failure reaches its own caller alone', async () => {
  const lock = new KeyedLock();
  const first = lock.run('a', () => Promise.reject(new Error('first')));
  const second = lock.run('a', async () => 'second');
  await assert.rejects(first, /first/);
  assert.equal(await second, 'second');
});

test('idle waits for all that is queued, also for what is queued meanwhile', async () => {
  const lock = new KeyedLock();
  await lock.idle();
  const done: string[] = [];
  const job = (key: string, name: string) => lock.run(key, () => delay(3).then(() => void done.push(name)));
  const failing = lock.run('b', () => Promise.reject(new Error('no matter'))).catch(() => undefined);
  const jobs = [job('a', 'one').then(() => job('b', 'late')), job('a', 'two'), failing];
  await lock.idle();
  assert.deepEqual(done, ['one', 'two', 'late']);
  await Promise.all(jobs);
});
