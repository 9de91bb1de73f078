/** When Checkpoint objects go, over a real watch in simulated time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textAt } from '@stillframe/core';
import { openSimulation, type Simulation } from '../simulation.fixture.ts';

const names = ({ api }: Simulation) =>
  api.objects.all('stillframe.io/checkpoints').map((each) => textAt(each, 'metadata', 'name'));

describe('the retention of Checkpoints', () => {
  it('lets the newest of a container stay, and those that are pinned or not delivered', async () => {
    await using simulation = await openSimulation();
    simulation.pod('web');
    simulation.pod('other');
    simulation.start();
    const make = async (name: string, more: object = {}, metadata: object = {}) => {
      simulation.checkpoint(name, { podName: 'web', retention: { keep: 2 }, ...more }, metadata);
      await simulation.pass(3000);
    };
    await make('other', { podName: 'other' });
    await make('pinned', {}, { annotations: { 'stillframe.io/keep': 'case 7' } });
    await make('waiting', { destination: { kind: 'Collector' } });
    await make('a');
    await make('b');
    assert.deepEqual(names(simulation), ['other', 'pinned', 'waiting', 'b']);
  });

  it('lets one go when its time is over, and no sooner', async () => {
    await using simulation = await openSimulation();
    simulation.pod('web');
    simulation.start();
    simulation.checkpoint('one', { podName: 'web', retention: { ttl: '30m' } });
    await simulation.pass(29 * 60_000);
    assert.deepEqual(names(simulation), ['one']);
    await simulation.pass(2 * 60_000);
    assert.deepEqual(names(simulation), []);
  });
});
