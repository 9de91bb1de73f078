/** A controller that dies, or loses its lease, at every step of a capture: never twice, and no archive is forgotten. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, listAt, textAt } from '@stillframe/core';
import type { Asked } from '../fake-api.fixture.ts';
import { openSimulation, type Simulation } from '../simulation.fixture.ts';

const phaseOf = (simulation: Simulation, name: string) => textAt(simulation.statusOf(name), 'phase');
const reasonOf = (simulation: Simulation, name: string) =>
  at(
    listAt(simulation.statusOf(name), 'conditions').find((each) => at(each, 'type') === 'Captured'),
    'reason',
  );

type Ends = Readonly<Record<'before' | 'after', readonly [phase: string, captures: number]>>;
const isStatus = ({ resource }: Asked) => resource === 'stillframe.io/checkpoints/status';
const again = ['Captured', 1] as const;

/**
 * The requests of a capture, in order: the first controller is cut off from the cluster at one of them, before or after it is done.
 * Between claim and result nobody can know; before and after it the next one goes on.
 */
const STEPS: readonly { what: string; is: (asked: Asked) => boolean; ends: Ends }[] = [
  {
    what: 'the pod is looked up',
    is: ({ verb, resource }) => verb === 'get' && resource === 'pods',
    ends: { before: again, after: again },
  },
  {
    what: 'the claim',
    is: (asked) => isStatus(asked) && at(asked.body, 'status', 'claim') !== undefined,
    ends: { before: again, after: ['Unknown', 0] },
  },
  {
    what: 'the kubelet is asked',
    is: ({ resource }) => resource === 'nodes/proxy',
    ends: { before: ['Unknown', 0], after: ['Unknown', 1] },
  },
  {
    what: 'the result',
    is: (asked) => isStatus(asked) && at(asked.body, 'status', 'archive') !== undefined,
    ends: { before: ['Unknown', 1], after: again },
  },
  { what: 'the event', is: ({ resource }) => resource === 'events', ends: { before: again, after: again } },
];

describe('a controller that is cut off from its cluster', () => {
  for (const { what, is, ends } of STEPS) {
    for (const when of ['before', 'after'] as const) {
      it(`${when} ${what} ends as ${ends[when].join(', captures: ')}`, async () => {
        await using simulation = await openSimulation();
        const { api } = simulation;
        simulation.pod('web');
        simulation.checkpoint('one', { podName: 'web' });
        let isCut = false;
        const cut = (asked: Asked) => {
          if (!isCut && is(asked)) isCut = true;
          return isCut ? ('drop' as const) : undefined;
        };
        if (when === 'before') api.before = cut;
        else {
          api.after = cut;
          api.before = () => (isCut ? 'drop' : undefined);
        }
        const first = simulation.start('first');
        await simulation.until('it is cut off', () => isCut);
        // Long enough for it to know that its lease is lost.
        await simulation.pass(12_000);
        assert.ok(
          first.log.some((line) => line.includes('no longer the leader')),
          first.log.join('\n'),
        );
        // Nothing that it knows outlives it.
        await first.stop();
        [api.before, api.after] = [() => undefined, () => undefined];
        simulation.start('second');
        await simulation.until('it has an end', () => ['Captured', 'Unknown'].includes(phaseOf(simulation, 'one')));
        await simulation.pass(60_000);
        const [phase, captures] = ends[when];
        assert.equal(phaseOf(simulation, 'one'), phase);
        assert.equal(api.captures.length, captures);
        if (phase === 'Unknown') assert.equal(reasonOf(simulation, 'one'), 'AnswerLost');
      });
    }
  }

  it('says what the archive is called whose answer was lost, and takes over what a collector finds there', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    simulation.checkpoint('one', { podName: 'web' });
    api.after = ({ resource }) => (resource === 'nodes/proxy' ? 'drop' : undefined);
    simulation.start();
    await simulation.until('the answer is lost', () => phaseOf(simulation, 'one') === 'Unknown');
    const address = { resource: 'stillframe.io/checkpoints', kubeNamespace: 'shop', name: 'one', sub: 'status' };
    const report = (collected: object) => api.objects.change(address, { status: { collected } }, 'merge');
    const digest = `sha256:${'a'.repeat(64)}`;
    const time = textAt(simulation.statusOf('one'), 'claim', 'requestedAt');
    // Another node's word, or another archive, is not what was asked for.
    for (const [node, name] of [
      ['node-2', `checkpoint-web_shop-app-${time}.tar`],
      ['node-1', 'checkpoint-web_shop-app-2025-01-01T00:00:00Z.tar'],
    ] as const) {
      report({ node, archive: name, digest });
      await simulation.pass(1000);
      assert.equal(phaseOf(simulation, 'one'), 'Unknown', name);
    }
    const archive = `checkpoint-web_shop-app-${time}.tar`;
    const path = `/var/lib/kubelet/checkpoints/${archive}`;
    report({ node: 'node-1', archive, path, digest, size: 42, findings: { high: 2, rules: ['memory/injected'] } });
    await simulation.until('it is found', () => phaseOf(simulation, 'one') === 'Captured');
    const status = simulation.statusOf('one');
    assert.deepEqual(status['archive'], { path, size: 42, digest, fromCollector: true });
    assert.deepEqual(status['findings'], { high: 2, rules: ['memory/injected'] });
    assert.equal(reasonOf(simulation, 'one'), 'ArchiveFound');
    assert.equal(api.captures.length, 1);
  });

  it('writes a result that it has as soon as the API server is back', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    simulation.checkpoint('one', { podName: 'web' });
    let isAway = false;
    api.after = ({ resource }) => {
      if (resource === 'nodes/proxy') isAway = true;
      return undefined;
    };
    api.before = ({ resource }) => (isAway && !resource.includes('leases') ? 'drop' : undefined);
    simulation.start();
    await simulation.until('it was captured', () => isAway);
    await simulation.pass(30_000);
    assert.equal(phaseOf(simulation, 'one'), 'Capturing');
    api.before = () => undefined;
    await simulation.until('the result is there', () => phaseOf(simulation, 'one') === 'Captured');
    assert.equal(api.captures.length, 1);
  });

  it('that is ended finishes the capture that it began', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    simulation.checkpoint('one', { podName: 'web' });
    const answer = api.kubelet;
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
    const { promise: go, resolve } = Promise.withResolvers<void>();
    api.kubelet = async (path, signal) => {
      isAsked();
      await go;
      return answer(path, signal);
    };
    const controller = simulation.start();
    const turning = setInterval(() => void simulation.clock.advance(100), 5);
    await asked;
    clearInterval(turning);
    setTimeout(resolve, 50);
    await controller.stop();
    assert.equal(phaseOf(simulation, 'one'), 'Captured');
    const lease = api.objects.all('coordination.k8s.io/leases')[0];
    assert.equal(textAt(lease, 'spec', 'holderIdentity'), '');
  });
});
