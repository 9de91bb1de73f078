import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { KeyedQueue } from './queue.ts';

const never = new AbortController().signal;

describe('a keyed queue', () => {
  it('runs what has one key in order and one at a time, other keys beside it', async () => {
    const queue = new KeyedQueue();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await delay(20);
      log.push(`${name} ends`);
    };
    await Promise.all([
      queue.run('a', never, work('a1')),
      queue.run('a', never, work('a2')),
      queue.run('b', never, work('b1')),
    ]);
    assert.deepEqual(log.slice(0, 2), ['a1 begins', 'b1 begins']);
    const ofA = log.filter((line) => line.startsWith('a'));
    assert.deepEqual(ofA, ['a1 begins', 'a1 ends', 'a2 begins', 'a2 ends']);
  });

  it('goes on after one that failed, and past one that was given up while it waited', async () => {
    const queue = new KeyedQueue();
    const controller = new AbortController();
    const failing = queue.run('a', never, () => delay(30).then(() => Promise.reject(new Error('no luck'))));
    const waiting = queue.run('a', controller.signal, () => Promise.resolve('not reached'));
    const last = queue.run('a', never, () => Promise.resolve('reached'));
    controller.abort(new Error('gone'));
    await assert.rejects(waiting, /gone/);
    await assert.rejects(failing, /no luck/);
    assert.equal(await last, 'reached');
  });
});
