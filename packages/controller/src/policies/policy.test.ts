/** CheckpointPolicies against a fake API server, over real HTTP and watches, in simulated time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, type JsonObject, listAt, textAt } from '@stillframe/core';
import { openSimulation, type Simulation } from '../simulation.fixture.ts';
import { alertIn } from './falco.ts';

const POLICIES = { resource: 'stillframe.io/checkpointpolicies', kubeNamespace: 'shop' };
const make = ({ api }: Simulation, name: string, spec: object) =>
  api.objects.create(POLICIES, {
    ...{ apiVersion: 'stillframe.io/v1alpha1', kind: 'CheckpointPolicy', metadata: { name, namespace: 'shop' } },
    spec: { selector: {}, ...spec },
  });
const checkpoints = ({ api }: Simulation) => api.objects.all('stillframe.io/checkpoints');
const podOf = (name: string) => ({ resource: 'pods', kubeNamespace: 'shop', name });
const ID = 'abcdef012345';
const falco = (more: object = {}, fields: object = {}) =>
  alertIn({
    ...{ rule: 'Terminal shell in container', priority: 'Warning', output: 'a shell was spawned', ...more },
    output_fields: { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web', 'container.id': ID, ...fields },
  });

describe('a CheckpointPolicy', () => {
  it('makes one Checkpoint of an annotation, takes that away, and another one when it is set anew', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    const annotate = (value: string) =>
      api.objects.change(podOf('web'), { metadata: { annotations: { 'stillframe.io/checkpoint': value } } }, 'merge');
    simulation.pod('web', { containers: ['app', 'side'], annotations: { 'stillframe.io/checkpoint': 'now' } });
    make(simulation, 'asked', {
      triggers: { annotation: true },
      retention: { ttl: '3d', keep: 5 },
      rateLimit: { perPod: { count: 3, per: '10m' } },
    });
    simulation.start();
    await simulation.until('both containers', () => api.captures.length === 2);
    await simulation.pass(5000);
    assert.deepEqual(at(api.objects.get(podOf('web')), 'metadata', 'annotations'), {});
    assert.deepEqual(at(checkpoints(simulation)[0], 'spec', 'retention'), { ttl: '3d', keep: 5 });
    annotate('side');
    await simulation.until('the third', () => api.captures.length === 3);
    assert.equal(api.captures[2], 'node-1/checkpoint/shop/web/side');
    annotate('now');
    await simulation.pass(60_000);
    assert.equal(api.captures.length, 3, 'three in ten minutes are enough');
    await simulation.pass(600_000);
    assert.ok(api.captures.length > 3, 'then it is its turn');
  });

  it('counts what its retention would have let go, so that who annotates again and again comes no further', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web', { annotations: { 'stillframe.io/checkpoint': 'now' } });
    make(simulation, 'asked', {
      triggers: { annotation: true },
      retention: { keep: 1, ttl: '1m' },
      rateLimit: { perPod: { count: 2, per: '10m' }, perNode: { count: 30, per: '10m' } },
    });
    simulation.start();
    for (let minute = 0; minute < 5; minute += 1) {
      await simulation.pass(60_000);
      const annotations = { 'stillframe.io/checkpoint': 'now' };
      api.objects.change(podOf('web'), { metadata: { annotations } }, 'merge');
    }
    assert.equal(api.captures.length, 2);
    await simulation.pass(25 * 60_000);
    assert.ok(checkpoints(simulation).length <= 1, 'nothing is counted any more');
  });

  it('makes one Checkpoint of an annotation also where a controller dies at any step of it', async () => {
    for (const step of ['patch pods', 'create stillframe.io/checkpoints'] as const) {
      for (const when of ['before', 'after'] as const) {
        await using simulation = await openSimulation();
        const { api } = simulation;
        simulation.pod('web', { annotations: { 'stillframe.io/checkpoint': 'now' } });
        make(simulation, 'asked', { triggers: { annotation: true } });
        let isCut = false;
        const cut = ({ verb, resource }: { verb: string; resource: string }) => {
          if (`${verb} ${resource}` === step) isCut = true;
          return isCut ? ('drop' as const) : undefined;
        };
        api[when] = cut;
        if (when === 'after') api.before = () => (isCut ? 'drop' : undefined);
        const first = simulation.start('first');
        await simulation.until('it is cut off', () => isCut);
        await first.stop();
        [api.before, api.after] = [() => undefined, () => undefined];
        simulation.start('second');
        await simulation.until('it is captured', () => api.captures.length > 0);
        await simulation.pass(20_000);
        assert.equal(checkpoints(simulation).length, 1, `${when} ${step}`);
        assert.deepEqual(at(api.objects.get(podOf('web')), 'metadata', 'annotations'), {});
      }
    }
  });

  it('captures pods of a node that is being drained, but for those that a drain leaves, and not again', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    simulation.pod('other', { node: 'node-2' });
    const agent = simulation.pod('agent');
    const owners = [{ kind: 'DaemonSet', name: 'agent', controller: true }];
    api.objects.change(
      podOf('agent'),
      { metadata: { ...(agent['metadata'] as JsonObject), resourceVersion: undefined, ownerReferences: owners } },
      'merge',
    );
    const nodes = { resource: 'nodes' };
    for (const name of ['node-1', 'node-2', 'old']) {
      api.objects.create(nodes, { metadata: { name }, spec: name === 'old' ? { unschedulable: true } : {} });
    }
    simulation.pod('still', { node: 'old' });
    make(simulation, 'drained', { triggers: { drain: true } });
    simulation.start();
    await simulation.pass(5000);
    assert.equal(api.captures.length, 0, 'one that was cordoned long ago is no drain');
    api.objects.change({ resource: 'nodes', name: 'node-1' }, { spec: { unschedulable: true } }, 'merge');
    await simulation.pass(5000);
    assert.deepEqual(api.captures, ['node-1/checkpoint/shop/web/app']);
    for (let round = 0; round < 5; round += 1) {
      api.objects.change(podOf('web'), { status: { round } }, 'merge');
      await simulation.pass(60_000);
    }
    assert.equal(api.captures.length, 1);
  });

  it('captures a pod that is evicted while its container runs on', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    make(simulation, 'evicted', { triggers: { eviction: true } });
    simulation.start();
    await simulation.pass(3000);
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }];
    api.objects.change(podOf('web'), { status: { conditions } }, 'merge');
    api.objects.change(podOf('web'), { metadata: { finalizers: ['x/y'] } }, 'merge');
    api.objects.remove(podOf('web'));
    await simulation.until('it is captured', () => api.captures.length === 1);
    await simulation.pass(10_000);
    assert.equal(checkpoints(simulation).length, 1);
    assert.match(textAt(checkpoints(simulation)[0], 'spec', 'reason'), /EvictionByEvictionAPI/);
  });

  it('makes of Falco’s alerts one Checkpoint a rule and time, no more than its limit, and counts what it left', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    const pod = simulation.pod('web', { containers: ['side', 'app'] });
    const statuses = ['side', 'app'].map((name) => ({
      ...{ name, state: { running: {} } },
      containerID: `containerd://${name === 'app' ? `${ID}ffff` : '99'}`,
    }));
    api.objects.change(podOf('web'), { status: { containerStatuses: statuses } }, 'merge');
    make(simulation, 'alarmed', {
      triggers: { falco: { priority: 'Warning' } },
      deduplicate: '10m',
      rateLimit: { perPod: { count: 2, per: '12m' } },
    });
    const alert = simulation.start().alert;
    await simulation.pass(5000);
    const send = async (more: object = {}, fields: object = {}) => {
      const found = falco(more, fields);
      assert.ok(found);
      const ended = alert(found);
      await simulation.pass(2000);
      return await ended;
    };
    assert.equal(await send({}, { 'k8s.pod.uid': '00000000-0000-0000-0000-000000000000' }), 'unknown-pod');
    assert.equal(await send({ priority: 'Notice' }), 'left');
    assert.equal(await send({ rule: 'evil\u202e\nrule', output: 'x'.repeat(5000) }), 'made');
    assert.equal(await send({ rule: 'evil\u202e\nrule' }), 'left', 'the same again');
    assert.equal(await send(), 'made', 'another rule');
    assert.equal(await send({ rule: 'a third one' }), 'left', 'beyond the limit');
    await simulation.pass(60_000);
    assert.deepEqual(api.captures, Array(2).fill('node-1/checkpoint/shop/web/app'));
    const reason = textAt(checkpoints(simulation)[0], 'spec', 'reason');
    assert.match(reason, /^Falco: evil\\u202e\\nrule: x+$/);
    assert.ok(reason.length < 1024);
    assert.equal(textAt(checkpoints(simulation)[0], 'spec', 'podUID'), at(pod, 'metadata', 'uid'));
    const status = api.objects.get({ ...POLICIES, name: 'alarmed' })['status'];
    assert.deepEqual(
      {
        checkpoints: at(status, 'checkpoints'),
        captured: at(status, 'captured'),
        suppressed: at(status, 'suppressed'),
      },
      { checkpoints: 2, captured: 2, suppressed: 2 },
    );
    assert.equal(at(listAt(status, 'conditions')[0], 'reason'), 'Watching');
    await simulation.pass(720_000);
    assert.equal(await send(), 'made', 'twelve minutes later it is allowed again');
  });

  it('takes no alert for one that names no pod, or is none', () => {
    for (const fields of [{ 'k8s.pod.name': '../etc' }, { 'k8s.ns.name': null }, { 'k8s.pod.name': 'x'.repeat(300) }]) {
      assert.equal(falco({}, fields), undefined);
    }
    assert.equal(falco({ priority: 'Great' }), undefined);
    assert.equal(falco({}, { 'container.id': 'x; rm' })?.containerID, undefined);
    assert.equal(falco({ priority: 'INFO' })?.priority, 'Informational');
    assert.equal(alertIn({ output_fields: [] }), undefined);
  });
});
