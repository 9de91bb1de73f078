/** What a collector writes into a Checkpoint is what the controller takes over, and goes into no other one. */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { describe, it } from 'node:test';
import { at, listAt, textAt } from '@stillframe/core';
import { openClusterApi } from '@stillframe/kubernetes';
import { Refusal } from '../fake-objects.fixture.ts';
import { openSimulation, type Simulation } from '../simulation.fixture.ts';
import { type CollectedReport, type ReportTarget, reportCollected } from './report.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const REFERENCE = `registry.example/checkpoints:web@${DIGEST}`;
const FINDINGS = { critical: 1, high: 2, medium: 0, low: 0, info: 3, rules: ['memory/injected'] };

const archiveOf = (simulation: Simulation, name: string) =>
  posix.basename(textAt(simulation.statusOf(name), 'archive', 'path'));
const conditionOf = (simulation: Simulation, name: string, type: string) =>
  listAt(simulation.statusOf(name), 'conditions').find((each) => at(each, 'type') === type);
const phaseOf = (simulation: Simulation, name: string) => textAt(simulation.statusOf(name), 'phase');

/** Reports an archive of the pod `web` in `shop`, as the collector of `node-1`. */
const report = (simulation: Simulation, said: Partial<CollectedReport>, target: Partial<ReportTarget> = {}) =>
  reportCollected(
    openClusterApi(simulation.api.access),
    { node: 'node-1', archive: '', digest: DIGEST, size: 42, location: REFERENCE, ...said },
    { pod: 'web', kubeNamespace: 'shop', signal: new AbortController().signal, ...target },
  );

/** A Checkpoint whose kubelet has answered. */
async function captured(simulation: Simulation, name: string, more: object = {}): Promise<string> {
  simulation.checkpoint(name, { podName: 'web', destination: { kind: 'Collector' }, ...more });
  await simulation.until('it is captured', () => phaseOf(simulation, name) === 'Captured');
  return archiveOf(simulation, name);
}

/** A Checkpoint whose kubelet made an archive and could not say so; when it was asked. */
async function lost(simulation: Simulation, name: string): Promise<string> {
  const { api } = simulation;
  api.after = ({ resource }) => (resource === 'nodes/proxy' ? 'drop' : undefined);
  simulation.checkpoint(name, { podName: 'web', container: 'app', destination: { kind: 'Collector' } });
  await simulation.until('its answer is lost', () => phaseOf(simulation, name) === 'Unknown');
  api.after = () => undefined;
  return textAt(simulation.statusOf(name), 'claim', 'requestedAt');
}

describe('a report about an archive that a kubelet named', () => {
  it('makes the Checkpoint Delivered, and gives it digest, pause and findings', async () => {
    await using simulation = await openSimulation();
    simulation.pod('web');
    simulation.start();
    const archive = await captured(simulation, 'one');
    const done = await report(simulation, { archive, findings: FINDINGS, pauseMicroseconds: 1200 });
    assert.deepEqual(done, { end: 'told', checkpoints: ['shop/one'] });
    const delivered = () => conditionOf(simulation, 'one', 'Delivered');
    await simulation.until('it is delivered', () => at(delivered(), 'status') === 'True');
    assert.deepEqual([at(delivered(), 'reason'), at(delivered(), 'message')], ['Collected', REFERENCE]);
    const { findings, archive: known } = simulation.statusOf('one');
    assert.deepEqual(findings, FINDINGS);
    const [digest, size, pause] = ['digest', 'size', 'pauseMicroseconds'].map((field) => at(known, field));
    assert.deepEqual([digest, size, pause], [DIGEST, 42, 1200]);
  });

  it('goes into the Checkpoint of that archive alone, and not twice', async () => {
    await using simulation = await openSimulation();
    simulation.pod('web');
    simulation.start();
    const first = await captured(simulation, 'one');
    await simulation.pass(5000);
    const second = await captured(simulation, 'two');
    assert.notEqual(first, second);
    await report(simulation, { archive: second });
    let writes = 0;
    simulation.api.before = ({ body }) => {
      if (at(body, 'status', 'collected') !== undefined) writes += 1;
      return undefined;
    };
    assert.equal((await report(simulation, { archive: second })).end, 'told');
    assert.equal(writes, 0);
    assert.equal(simulation.statusOf('one')['collected'], undefined);
    assert.equal(at(simulation.statusOf('two'), 'collected', 'archive'), second);
  });

  it('takes back what an earlier one said otherwise', async () => {
    await using simulation = await openSimulation();
    simulation.pod('web');
    simulation.start();
    const archive = await captured(simulation, 'one');
    await report(simulation, { archive, error: 'it is no archive' });
    const reason = () => at(conditionOf(simulation, 'one', 'Delivered'), 'reason');
    await simulation.until('its failure is told', () => reason() === 'CollectorFailed');
    await report(simulation, { archive });
    await simulation.until('it is delivered', () => reason() === 'Collected');
    assert.equal(at(simulation.statusOf('one'), 'collected', 'error'), undefined);
  });

  it('is nobody’s where it is of another node, pod or time, or its Checkpoint has gone', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    simulation.start();
    const archive = await captured(simulation, 'one');
    const other = 'checkpoint-web_shop-app-2025-01-01T00:00:00Z.tar';
    for (const [said, target] of [
      [{ archive, node: 'node-2' }, {}],
      [{ archive: other }, {}],
      [{ archive }, { pod: 'other' }],
      [{ archive }, { kubeNamespace: 'elsewhere' }],
      [{ archive: other }, { known: { kubeNamespace: 'shop', name: 'gone' } }],
    ] as const)
      assert.deepEqual(await report(simulation, said, target), { end: 'nobody' });
    api.before = ({ verb }) => {
      if (verb === 'patch') throw new Refusal(404, 'NotFound', 'it was deleted a moment ago');
      return undefined;
    };
    assert.deepEqual(await report(simulation, { archive }), { end: 'nobody' });
    assert.equal(simulation.statusOf('one')['collected'], undefined);
  });

  it('finds it without selecting by fields, which Kubernetes 1.30 cannot, and where no namespace is known', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    simulation.start();
    const archive = await captured(simulation, 'one');
    let lists = 0;
    api.before = ({ verb, resource }) => {
      if (verb !== 'list' || resource !== 'stillframe.io/checkpoints') return undefined;
      lists += 1;
      if (lists === 1) throw new Refusal(400, 'BadRequest', 'field label not supported: spec.podName');
      return undefined;
    };
    assert.equal((await report(simulation, { archive }, { kubeNamespace: undefined })).end, 'told');
    assert.equal(lists, 2);
  });
});

describe('a report about an archive whose answer was lost', () => {
  it('makes the Checkpoint Captured and Delivered', async () => {
    await using simulation = await openSimulation();
    simulation.pod('web');
    simulation.start();
    const archive = `checkpoint-web_shop-app-${await lost(simulation, 'one')}.tar`;
    const path = `/var/lib/kubelet/checkpoints/${archive}`;
    assert.equal((await report(simulation, { archive, path })).end, 'told');
    await simulation.until('it is found', () => phaseOf(simulation, 'one') === 'Captured');
    assert.equal(at(conditionOf(simulation, 'one', 'Captured'), 'reason'), 'ArchiveFound');
    assert.equal(at(conditionOf(simulation, 'one', 'Delivered'), 'status'), 'True');
    assert.equal(textAt(simulation.statusOf('one'), 'archive', 'path'), path);
  });

  it('does not take the place of one that was reported before', async () => {
    await using simulation = await openSimulation();
    simulation.pod('web');
    simulation.start();
    const time = await lost(simulation, 'one');
    const archive = `checkpoint-web_shop-app-${time}.tar`;
    const later = new Date(Date.parse(time) + 3000).toISOString().replace('.000Z', 'Z');
    const second = `checkpoint-web_shop-app-${later}.tar`;
    await report(simulation, { archive });
    assert.deepEqual(await report(simulation, { archive: second }), { end: 'nobody' });
    await simulation.until('it is found', () => phaseOf(simulation, 'one') === 'Captured');
    assert.deepEqual(await report(simulation, { archive: second }), { end: 'nobody' });
    assert.equal(at(simulation.statusOf('one'), 'collected', 'archive'), archive);
  });

  it('leaves an archive to the Checkpoint whose kubelet may answer still, and takes it where that names another one', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    simulation.start();
    await lost(simulation, 'one');
    await simulation.pass(10_000);
    const { promise: go, resolve } = Promise.withResolvers<void>();
    const answer = api.kubelet;
    api.kubelet = async (path, signal) => {
      const said = await answer(path, signal);
      await go;
      return said;
    };
    simulation.checkpoint('two', { podName: 'web', destination: { kind: 'Collector' } });
    await simulation.until('the kubelet is asked again', () => api.captures.length === 2);
    const time = textAt(simulation.statusOf('two'), 'claim', 'requestedAt');
    const within = new Date(Date.parse(time) - 2000).toISOString().replace('.000Z', 'Z');
    const archive = `checkpoint-web_shop-app-${within}.tar`;
    const done = await report(simulation, { archive });
    assert.deepEqual([done.end, 'known' in done && done.known.name], ['later', 'two']);
    resolve();
    await simulation.until('it is captured', () => phaseOf(simulation, 'two') === 'Captured');
    const known = { kubeNamespace: 'shop', name: 'two' };
    assert.deepEqual(await report(simulation, { archive }, { known }), { end: 'told', checkpoints: ['shop/one'] });
    assert.equal(simulation.statusOf('two')['collected'], undefined);
  });

  it('waits while the kubelet may answer still', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    const answer = api.kubelet;
    const { promise: go, resolve } = Promise.withResolvers<void>();
    api.kubelet = async (path, signal) => {
      await go;
      return answer(path, signal);
    };
    simulation.start();
    simulation.checkpoint('one', { podName: 'web', destination: { kind: 'Collector' } });
    await simulation.until('the kubelet is asked', () => api.captures.length === 1);
    const archive = `checkpoint-web_shop-app-${textAt(simulation.statusOf('one'), 'claim', 'requestedAt')}.tar`;
    const done = await report(simulation, { archive });
    assert.ok(done.end === 'later');
    assert.equal(done.known.name, 'one');
    resolve();
    await simulation.until('it is captured', () => phaseOf(simulation, 'one') === 'Captured');
    const lists = api.counts.get('list stillframe.io/checkpoints');
    const known = { kubeNamespace: 'shop', name: 'one' };
    assert.equal((await report(simulation, { archive: archiveOf(simulation, 'one') }, { known })).end, 'told');
    assert.equal(api.counts.get('list stillframe.io/checkpoints'), lists, 'it is read by itself');
  });
});
