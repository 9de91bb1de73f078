/** CheckpointSchedules against a fake API server, in simulated time that begins at midnight. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, type JsonObject, listAt, textAt } from '@stillframe/core';
import { openSimulation, type Simulation } from '../simulation.fixture.ts';

const make = ({ api }: Simulation, name: string, spec: object) =>
  api.objects.create(
    { resource: 'stillframe.io/checkpointschedules', kubeNamespace: 'shop' },
    {
      ...{ apiVersion: 'stillframe.io/v1alpha1', kind: 'CheckpointSchedule', metadata: { name, namespace: 'shop' } },
      spec: { template: {}, ...spec },
    },
  );
const statusOf = ({ api }: Simulation, name: string) =>
  api.objects.get({ resource: 'stillframe.io/checkpointschedules', kubeNamespace: 'shop', name })[
    'status'
  ] as JsonObject;
const checkpoints = ({ api }: Simulation) => api.objects.all('stillframe.io/checkpoints');
const captured = (simulation: Simulation) =>
  checkpoints(simulation).filter((each) => textAt(each, 'status', 'phase') === 'Captured');

describe('a CheckpointSchedule', () => {
  it('makes a Checkpoint each time, keeps the newest ones, and leaves the rest', async () => {
    await using simulation = await openSimulation();
    simulation.pod('web');
    make(simulation, 'often', { schedule: '*/5 * * * *', podName: 'web', successfulHistoryLimit: 2 });
    simulation.start();
    await simulation.pass(5 * 60_000 + 10_000);
    assert.equal(captured(simulation).length, 1);
    assert.equal(textAt(checkpoints(simulation)[0], 'metadata', 'labels', 'stillframe.io/schedule'), 'often');
    await simulation.pass(15 * 60_000);
    assert.equal(simulation.api.captures.length, 4);
    assert.equal(captured(simulation).length, 2);
    const status = statusOf(simulation, 'often');
    assert.equal(status['lastScheduleTime'], '2026-01-01T00:20:00Z');
    assert.equal(status['nextScheduleTime'], '2026-01-01T00:25:00Z');
  });

  it('is of the pods that a selector names, no more than it allows', async () => {
    await using simulation = await openSimulation();
    for (const name of ['a', 'b', 'c']) simulation.pod(name, { labels: { app: 'web' } });
    simulation.pod('other', { labels: { app: 'db' } });
    make(simulation, 'all', { schedule: '@hourly', selector: { matchLabels: { app: 'web' } }, maxPods: 2 });
    simulation.start();
    await simulation.pass(3_610_000);
    assert.deepEqual(simulation.api.captures.sort(), ['node-1/checkpoint/shop/a/app', 'node-1/checkpoint/shop/b/app']);
  });

  it('begins no run while an earlier one is under way, and leaves out one that is too late', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    const answer = api.kubelet;
    const { promise, resolve: go } = Promise.withResolvers<void>();
    api.kubelet = async (path, signal) => {
      await promise;
      return answer(path, signal);
    };
    make(simulation, 'often', { schedule: '*/5 * * * *', podName: 'web', startingDeadlineSeconds: 60 });
    simulation.start();
    await simulation.pass(5 * 60_000 + 5000);
    assert.equal(api.captures.length, 1);
    await simulation.pass(7 * 60_000);
    assert.equal(api.captures.length, 1);
    assert.equal(statusOf(simulation, 'often')['lastSkippedTime'], '2026-01-01T00:10:00Z');
    assert.ok(api.objects.all('events').some((event) => textAt(event, 'reason') === 'RunSkipped'));
    go();
    await simulation.pass(4 * 60_000);
    assert.equal(api.captures.length, 2);
  });

  it('makes a run once, also where a controller died in the middle of it', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    make(simulation, 'daily', { schedule: '1 0 * * *', podName: 'web' });
    let isCut = false;
    api.after = ({ verb, resource }) => {
      if (verb === 'create' && resource === 'stillframe.io/checkpoints') isCut = true;
      return isCut ? 'drop' : undefined;
    };
    api.before = () => (isCut ? 'drop' : undefined);
    const first = simulation.start('first');
    await simulation.pass(65_000);
    assert.ok(isCut);
    await first.stop();
    [api.before, api.after] = [() => undefined, () => undefined];
    simulation.start('second');
    await simulation.until('it is noted', () => statusOf(simulation, 'daily')?.['lastScheduleTime'] !== undefined);
    await simulation.until('it is captured', () => captured(simulation).length === 1);
    await simulation.pass(60_000);
    assert.equal(checkpoints(simulation).length, 1);
    assert.equal(api.captures.length, 1);
    assert.equal(statusOf(simulation, 'daily')['lastScheduleTime'], '2026-01-01T00:01:00Z');
  });

  it('says what is wrong with it, and does nothing while it is suspended', async () => {
    await using simulation = await openSimulation();
    simulation.pod('web');
    make(simulation, 'wrong', { schedule: '61 * * * *', podName: 'web' });
    make(simulation, 'still', { schedule: '* * * * *', podName: 'web', suspend: true });
    simulation.start();
    await simulation.pass(130_000);
    assert.deepEqual(
      ['wrong', 'still'].map((name) => at(listAt(statusOf(simulation, name), 'conditions')[0], 'reason')),
      ['InvalidSchedule', 'Suspended'],
    );
    assert.equal(checkpoints(simulation).length, 0);
  });
});
