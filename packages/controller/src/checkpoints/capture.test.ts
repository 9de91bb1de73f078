/** Checkpoint objects against a fake API server, over real HTTP and watches, in simulated time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, listAt, textAt } from '@stillframe/core';
import { Refusal } from '../fake-objects.fixture.ts';
import { openSimulation, type Simulation } from '../simulation.fixture.ts';

const phaseOf = (simulation: Simulation, name: string) => textAt(simulation.statusOf(name), 'phase');
const factOf = (simulation: Simulation, name: string, type: string) =>
  listAt(simulation.statusOf(name), 'conditions').find((each) => at(each, 'type') === type);

describe('a Checkpoint', () => {
  it('is captured once by the kubelet of its pod’s node, and says where the archive is', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    const pod = simulation.pod('web');
    simulation.checkpoint('first', { podName: 'web' });
    simulation.start();
    await simulation.until('it is captured', () => phaseOf(simulation, 'first') === 'Captured');
    assert.deepEqual(api.captures, ['node-1/checkpoint/shop/web/app']);
    const status = simulation.statusOf('first');
    assert.equal(status['node'], 'node-1');
    assert.equal(status['container'], 'app');
    assert.deepEqual(status['pod'], { uid: at(pod, 'metadata', 'uid'), containerID: 'web-app', image: 'app:1' });
    assert.match(
      textAt(status, 'archive', 'path'),
      /^\/var\/lib\/kubelet\/checkpoints\/checkpoint-web_shop-app-2026-01-01T00:00:\d\dZ\.tar$/,
    );
    const fact = factOf(simulation, 'first', 'Captured');
    assert.equal(at(fact, 'status'), 'True');
    assert.equal(at(fact, 'reason'), 'ArchiveWritten');
    assert.equal(at(fact, 'observedGeneration'), 1);
    await simulation.until('its event', () => api.objects.all('events').length === 1);
    assert.equal(textAt(api.objects.all('events')[0], 'reason'), 'Captured');
  });

  it('fails, and says why, where there is nothing to capture or the node cannot', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('two', { containers: ['app', 'side'] });
    simulation.pod('old', {});
    simulation.pod('web', {});
    api.kubelet = () => ({ status: 404, body: '404 page not found\n' });
    for (const [name, spec] of Object.entries({
      none: { podName: 'none' },
      two: { podName: 'two' },
      gone: { podName: 'web', container: 'gone' },
      old: { podName: 'old', podUID: 'another' },
      off: { podName: 'web' },
    })) {
      simulation.checkpoint(name, spec);
    }
    simulation.start();
    const names = ['none', 'two', 'gone', 'old', 'off'];
    await simulation.until('all have failed', () => names.every((name) => phaseOf(simulation, name) === 'Failed'));
    assert.deepEqual(
      names.map((name) => at(factOf(simulation, name, 'Captured'), 'reason')),
      ['PodNotFound', 'ContainerAmbiguous', 'NotRunning', 'PodReplaced', 'NodeMakesNoCheckpoints'],
    );
    assert.equal(api.captures.length, 1);
  });

  it('of one node come one after another, of several beside one another', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    const waiting: (() => void)[] = [];
    const answer = api.kubelet;
    api.kubelet = async (path, signal) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return answer(path, signal);
    };
    for (const [name, node] of [
      ['a', 'node-1'],
      ['b', 'node-1'],
      ['c', 'node-2'],
    ] as const) {
      simulation.pod(name, { node });
      simulation.checkpoint(name, { podName: name });
    }
    simulation.start();
    // Requests that wait for the kubelet are no sign of unrest.
    const waitFor = async (isSo: () => boolean) => {
      for (let turn = 0; turn < 500 && !isSo(); turn += 1) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        await simulation.clock.advance(10);
      }
      assert.ok(isSo());
    };
    await waitFor(() => waiting.length === 2);
    await simulation.clock.advance(100);
    assert.deepEqual(api.captures.map((path) => path.split('/')[0]).sort(), ['node-1', 'node-2']);
    for (const go of waiting.splice(0)) go();
    await waitFor(() => waiting.length === 1);
    for (const go of waiting.splice(0)) go();
    await simulation.until('all', () => ['a', 'b', 'c'].every((name) => phaseOf(simulation, name) === 'Captured'));
    assert.equal(api.captures.length, 3);
  });

  it('is asked for again only where it is certain that the kubelet was not', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    let left = 2;
    const path = '/api/v1/nodes/node-1/proxy/checkpoint/shop/web/app';
    api.before = (asked) => {
      if (asked.path !== path || left === 0) return undefined;
      left -= 1;
      throw new Refusal(
        503,
        'ServiceUnavailable',
        'error trying to reach service: dial tcp 10.0.0.1:10250: connect: connection refused',
      );
    };
    simulation.checkpoint('later', { podName: 'web' });
    simulation.start();
    await simulation.until('it is captured', () => phaseOf(simulation, 'later') === 'Captured');
    assert.equal(api.captures.length, 1);
    assert.equal(left, 0);
  });

  it('whose answer breaks off is of unknown end, and is not captured twice', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    api.after = ({ resource }) => (resource === 'nodes/proxy' ? 'drop' : undefined);
    simulation.checkpoint('lost', { podName: 'web' });
    simulation.start();
    await simulation.until('it is over', () => phaseOf(simulation, 'lost') === 'Unknown');
    await simulation.pass(900_000);
    assert.equal(api.captures.length, 1);
    assert.equal(at(factOf(simulation, 'lost', 'Captured'), 'reason'), 'AnswerLost');
  });

  it('is captured once also by two controllers that both believe to lead', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    const names = Array.from({ length: 12 }, (_, index) => `web-${index}`);
    for (const name of names) {
      simulation.pod(name, { node: `node-${name}` });
      simulation.checkpoint(name, { podName: name });
    }
    for (const name of ['one', 'two']) simulation.start(name, { lease: { kubeNamespace: 'stillframe', name } });
    await simulation.until('all are captured', () => names.every((name) => phaseOf(simulation, name) === 'Captured'));
    await simulation.pass(10_000);
    assert.equal(api.captures.length, names.length);
    assert.ok(names.every((name) => phaseOf(simulation, name) === 'Captured'));
  });

  it('waits for rights that are lacking, and a controller that lacks them can be ended', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    simulation.checkpoint('one', { podName: 'web' });
    let isForbidden = true;
    api.before = ({ verb, resource }) => {
      if (isForbidden && verb === 'list') throw new Refusal(403, 'Forbidden', `${resource} is forbidden`);
      return undefined;
    };
    const first = simulation.start('first');
    await simulation.pass(5000);
    assert.ok(first.log.some((line) => line.includes('is forbidden')));
    await first.stop();
    simulation.start('second');
    await simulation.pass(5000);
    isForbidden = false;
    await simulation.until('it is captured', () => phaseOf(simulation, 'one') === 'Captured');
  });

  it('of another namespace than the one that a controller is for is none of its business', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    const paths = new Set<string>();
    api.before = ({ path }) => {
      paths.add(path);
      return undefined;
    };
    simulation.pod('web');
    simulation.checkpoint('one', { podName: 'web' });
    simulation.start('one', { kubeNamespace: 'other' });
    await simulation.pass(30_000);
    assert.equal(phaseOf(simulation, 'one'), '');
    assert.ok(
      [...paths].every((path) => /\/namespaces\/(?:other|stillframe)\//.test(path)),
      [...paths].join(),
    );
  });
});
