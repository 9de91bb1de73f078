import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from './gate.ts';

test('exclusive work waits for shared work and holds up what comes later', async () => {
  const gate = new Gate();
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const shared = gate.shared(async () => {
    await first.promise;
    order.push('shared');
  });
  const exclusive = gate.exclusive(async () => {
    await Promise.resolve();
    order.push('exclusive');
  });
  first.resolve();
  await shared;
  const later = gate.shared(async () => void order.push('later'));
  await Promise.all([exclusive, later]);
  assert.deepEqual(order, ['shared', 'exclusive', 'later']);
});

test('shared work may nest while exclusive work waits', async () => {
  const gate = new Gate();
  const outer = gate.shared(async () => {
    const waiting = gate.exclusive(async () => 'alone');
    const inner = await gate.shared(async () => 'inner');
    return { inner, waiting };
  });
  const { inner, waiting } = await outer;
  assert.equal(inner, 'inner');
  assert.equal(await waiting, 'alone');
});

test('a failure of either kind leaves the gate open', async () => {
  const gate = new Gate();
  await assert.rejects(gate.shared(() => Promise.reject(new Error('one'))));
  await assert.rejects(gate.exclusive(() => Promise.reject(new Error('two'))));
  assert.equal(await gate.shared(async () => 3), 3);
});
