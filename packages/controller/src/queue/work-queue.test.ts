import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openFakeClock } from '../fake-clock.fixture.ts';
import { NodeSlots } from './node-slots.ts';
import { type Work, WorkQueue } from './work-queue.ts';

async function running(work: Work, use: (queue: WorkQueue, clock: ReturnType<typeof openFakeClock>) => Promise<void>) {
  const clock = openFakeClock();
  const queue = new WorkQueue(clock, () => 0.5);
  const [stop, lost] = [new AbortController(), new AbortController()];
  const failed: string[] = [];
  const ended = queue.run({
    workers: 2,
    work,
    failed: (key) => failed.push(key),
    stop: stop.signal,
    lost: lost.signal,
  });
  await use(queue, clock);
  stop.abort();
  await ended;
  assert.equal(clock.waiting, 0, 'nothing waits any more');
}

describe('a queue of keys', () => {
  it('has each once, and one at a time, also where it comes while it is worked on', async () => {
    let atWork = 0;
    const seen: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const work: Work = async (key) => {
      atWork += 1;
      assert.equal(atWork, 1);
      seen.push(key);
      if (seen.length === 1) await promise;
      atWork -= 1;
      return undefined;
    };
    await running(work, async (queue, clock) => {
      for (let count = 0; count < 5; count += 1) queue.add('a');
      await clock.advance(1);
      for (let count = 0; count < 5; count += 1) queue.add('a');
      resolve();
      await clock.advance(1);
      assert.deepEqual(seen, ['a', 'a']);
    });
  });

  it('tries again what failed, later each time, and looks again when that was asked for', async () => {
    const times: number[] = [];
    const clocks: { now(): number }[] = [];
    const work: Work = async () => {
      times.push(clocks[0]?.now() ?? 0);
      if (times.length < 4) throw new Error('not yet');
      return times.length < 6 ? 1000 : undefined;
    };
    await running(work, async (queue, clock) => {
      clocks.push(clock);
      const begin = clock.now();
      queue.add('a');
      await clock.advance(60_000);
      assert.deepEqual(
        times.map((time) => time - begin),
        [0, 200, 600, 1400, 2400, 3400],
      );
    });
  });

  it('of several times takes the earliest', async () => {
    let count = 0;
    const work: Work = async () => {
      count += 1;
      return undefined;
    };
    await running(work, async (queue, clock) => {
      queue.addAfter('a', 5000);
      queue.addAfter('a', 1000);
      queue.addAfter('a', 9000);
      await clock.advance(1500);
      assert.equal(count, 1);
      await clock.advance(20_000);
      assert.equal(count, 1);
    });
  });
});

describe('the nodes', () => {
  it('have one capture each, and go to those that wait in their turn', () => {
    const released: string[] = [];
    const slots = new NodeSlots((key) => released.push(key));
    const first = slots.take('n', 'a');
    assert.ok(first && slots.take('other', 'x'));
    assert.equal(slots.take('n', 'b'), undefined);
    assert.equal(slots.take('n', 'c'), undefined);
    first[Symbol.dispose]();
    assert.deepEqual(released, ['b']);
    const second = slots.take('n', 'b');
    assert.ok(second && slots.isBusy('n'));
    second[Symbol.dispose]();
    assert.deepEqual(released, ['b', 'c']);
    assert.ok(!slots.isBusy('n'));
  });
});
