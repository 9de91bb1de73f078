import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, silentLogger } from '@stillframe/core';
import { openClusterApi } from '@stillframe/kubernetes';
import { type FakeApi, openFakeApi } from '../fake-api.fixture.ts';
import { type FakeClock, openFakeClock } from '../fake-clock.fixture.ts';
import { type Leadership, leadWhenElected } from './election.ts';

interface Stage extends AsyncDisposable {
  api: FakeApi;
  clock: FakeClock;
  /** Who works, and its right to. */
  working: Map<string, Leadership>;
  stand(name: string): () => void;
  pass(milliseconds: number): Promise<void>;
}

async function openStage(): Promise<Stage> {
  const clock = openFakeClock();
  const api = await openFakeApi(clock);
  const working = new Map<string, Leadership>();
  const running: { stop: AbortController; ended: Promise<void> }[] = [];
  const pass = (milliseconds: number) => clock.advance(milliseconds, () => api.settled());
  return {
    ...{ api, clock, working, pass },
    stand(name) {
      const stop = new AbortController();
      const options = {
        ...{ api: openClusterApi(api.access), identity: name, clock, log: silentLogger, random: () => 0.5 },
        lease: { kubeNamespace: 'stillframe', name: 'lead' },
      };
      const ended = leadWhenElected(
        options,
        async (leadership) => {
          working.set(name, leadership);
          const either = AbortSignal.any([leadership.signal, stop.signal]);
          await new Promise<void>((resolve) => either.addEventListener('abort', () => resolve()));
          working.delete(name);
        },
        stop.signal,
      );
      running.push({ stop, ended });
      return () => stop.abort(new Error('ended'));
    },
    async [Symbol.asyncDispose]() {
      for (const { stop } of running) stop.abort(new Error('ended'));
      api.before = () => undefined;
      const all = Promise.all(running.map(({ ended }) => ended));
      let over = false;
      void all.finally(() => {
        over = true;
      });
      while (!over) await pass(1000);
      await api[Symbol.asyncDispose]();
    },
  };
}

const leaseOf = ({ api }: Stage) => api.objects.all('coordination.k8s.io/leases')[0];

describe('an election', () => {
  it('has one leader, which renews, and gives the lease back to the next one', async () => {
    await using stage = await openStage();
    const leave = stage.stand('one');
    await stage.pass(100);
    stage.stand('two');
    await stage.pass(60_000);
    assert.deepEqual([...stage.working.keys()], ['one']);
    leave();
    await stage.pass(5000);
    assert.deepEqual([...stage.working.keys()], ['two']);
    assert.equal(at(leaseOf(stage), 'spec', 'leaseTransitions'), 1);
  });

  it('stops who cannot renew before another one begins', async () => {
    await using stage = await openStage();
    stage.stand('one');
    await stage.pass(100);
    stage.stand('two');
    await stage.pass(2000);
    const one = stage.working.get('one');
    stage.api.before = ({ verb, body }) =>
      verb === 'update' && at(body, 'spec', 'holderIdentity') === 'one' ? 'drop' : undefined;
    const names: string[] = [];
    for (let step = 0; step < 40; step += 1) {
      await stage.pass(500);
      names.push([...stage.working.keys()].join('+'));
    }
    assert.ok(one?.signal.aborted);
    assert.deepEqual([...new Set(names)], ['one', '', 'two']);
  });

  it('stops one whose renewal hangs, and one that stood still finds out before its timers do', async () => {
    await using stage = await openStage();
    stage.stand('one');
    await stage.pass(100);
    const one = stage.working.get('one');
    assert.ok(one?.holds() === true);
    stage.api.before = () => new Promise(() => undefined);
    await stage.pass(9000);
    assert.ok(!one.signal.aborted);
    await stage.pass(2500);
    assert.ok(one.signal.aborted);
    assert.ok(!one.holds());
  });

  it('stops who finds another name in the lease', async () => {
    await using stage = await openStage();
    stage.stand('one');
    await stage.pass(100);
    const one = stage.working.get('one');
    const address = { resource: 'coordination.k8s.io/leases', kubeNamespace: 'stillframe', name: 'lead' };
    stage.api.objects.change(address, { spec: { holderIdentity: 'eve' } }, 'merge');
    await stage.pass(2500);
    assert.ok(one?.signal.aborted);
    assert.equal(stage.working.size, 0);
    await stage.pass(30_000);
    assert.equal(stage.working.size, 1, 'and is elected again once that one does not renew');
  });
});
