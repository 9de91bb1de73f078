import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Gate } from './gate.ts';

test('one alone waits for those inside, and those who come later wait for the one', async () => {
  const gate = new Gate();
  const order: string[] = [];
  const first = await gate.enter();
  const alone = gate.alone(async () => {
    order.push('alone');
    await delay(10);
    order.push('done');
  });
  const again = await gate.enter();
  order.push('again, though one waits');
  again[Symbol.dispose]();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await Promise.resolve();
  const late = gate.enter().then((inside) => {
    order.push('late');
    inside[Symbol.dispose]();
  });
  await Promise.all([alone, late]);
  assert.deepEqual(order, ['again, though one waits', 'alone', 'done', 'late']);
});

test('two who would be alone are so one after the other, also where the first fails', async () => {
  const gate = new Gate();
  let inside = 0;
  const work = async () => {
    assert.equal(++inside, 1);
    await delay(5);
    inside--;
  };
  const failing = gate.alone(async () => {
    await work();
    throw new Error('no');
  });
  const rest = Promise.all([gate.alone(work), gate.alone(work)]);
  await assert.rejects(failing, /no/);
  await rest;
});
