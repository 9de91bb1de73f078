/** The quarantine of a pod, from its making to its end with the Checkpoint. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, listAt, textAt } from '@stillframe/core';
import { Refusal } from '../fake-objects.fixture.ts';
import { openSimulation, type Simulation } from '../simulation.fixture.ts';

const POD = { resource: 'pods', kubeNamespace: 'shop', name: 'web' };
const CHECKPOINT = { resource: 'stillframe.io/checkpoints', kubeNamespace: 'shop', name: 'one' };
const policies = ({ api }: Simulation) => api.objects.all('networking.k8s.io/networkpolicies');
const labels = ({ api }: Simulation) => at(api.objects.get(POD), 'metadata', 'labels');
const shut = (simulation: Simulation) =>
  listAt(simulation.statusOf('one'), 'conditions').find((each) => at(each, 'type') === 'Quarantined');

describe('a quarantine', () => {
  it('comes once the container has been captured, and goes with the Checkpoint, which retention leaves until then', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    const made = simulation.checkpoint('one', {
      ...{ podName: 'web', quarantine: { mode: 'Label', when: 'After' } },
      retention: { ttl: '5m' },
    });
    let captures = 0;
    api.before = ({ verb, resource }) => {
      if (verb === 'create' && resource === 'networking.k8s.io/networkpolicies') captures = api.captures.length;
      return undefined;
    };
    simulation.start();
    await simulation.until('it is shut off', () => shut(simulation) !== undefined);
    assert.equal(captures, 1);
    assert.equal(at(shut(simulation), 'reason'), 'Denied');
    const uid = textAt(made, 'metadata', 'uid');
    assert.deepEqual(labels(simulation), { app: 'web', 'stillframe.io/quarantine': uid });
    assert.deepEqual(
      policies(simulation).map((each) => each['spec']),
      [
        {
          podSelector: { matchLabels: { 'stillframe.io/quarantine': uid } },
          policyTypes: ['Ingress', 'Egress'],
          ...{ ingress: [], egress: [] },
        },
      ],
    );
    await simulation.pass(600_000);
    assert.ok(api.objects.get(CHECKPOINT), 'it would be lifted by time alone');
    const other = api.objects.create(
      { resource: 'networking.k8s.io/networkpolicies', kubeNamespace: 'shop' },
      { metadata: { name: 'other', namespace: 'shop' }, spec: { podSelector: {} } },
    );
    api.objects.remove(CHECKPOINT);
    await simulation.until('it has gone', () => api.objects.all('stillframe.io/checkpoints').length === 0);
    assert.deepEqual(policies(simulation), [other]);
    assert.deepEqual(labels(simulation), { app: 'web' });
  });

  it('of mode Detach comes first where that is wanted, and takes all other labels, which are noted', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    simulation.checkpoint('one', { podName: 'web', quarantine: { mode: 'Detach', when: 'Before' } });
    simulation.start();
    await simulation.until('it is captured', () => textAt(simulation.statusOf('one'), 'phase') === 'Captured');
    assert.deepEqual(Object.keys(labels(simulation) ?? {}), ['stillframe.io/quarantine']);
    const noted = textAt(api.objects.get(POD), 'metadata', 'annotations', 'stillframe.io/labels-before-quarantine');
    assert.deepEqual(JSON.parse(noted), { app: 'web' });
  });

  it('says where it holds nothing back: other policies allow the pod something, it has the network of its node, or is not let', async () => {
    for (const reason of ['OtherPoliciesAllow', 'HostNetwork', 'PodNotFound', 'Refused']) {
      await using simulation = await openSimulation();
      const { api } = simulation;
      if (reason !== 'PodNotFound') simulation.pod('web');
      api.before = ({ verb, resource }) => {
        if (reason !== 'Refused' || verb !== 'patch' || resource !== 'pods') return undefined;
        throw new Refusal(403, 'Forbidden', 'pods "web" is forbidden');
      };
      if (reason === 'HostNetwork') api.objects.change(POD, { spec: { hostNetwork: true } }, 'merge');
      api.objects.create(
        { resource: 'networking.k8s.io/networkpolicies', kubeNamespace: 'shop' },
        {
          metadata: { name: 'open', namespace: 'shop' },
          spec: { podSelector: { matchLabels: { app: 'web' } }, egress: [{}] },
        },
      );
      simulation.checkpoint('one', { podName: 'web', quarantine: { mode: 'Label' } });
      simulation.start();
      await simulation.until('it is judged', () => shut(simulation) !== undefined);
      assert.equal(at(shut(simulation), 'status'), 'False');
      assert.equal(at(shut(simulation), 'reason'), reason);
    }
  });

  it('that is refused keeps nobody from the capture, and comes once it is allowed', async () => {
    await using simulation = await openSimulation();
    const { api } = simulation;
    simulation.pod('web');
    let isAllowed = false;
    api.before = ({ resource }) => {
      if (isAllowed || !resource.startsWith('networking')) return undefined;
      throw new Refusal(403, 'Forbidden', 'networkpolicies is forbidden');
    };
    simulation.checkpoint('one', { podName: 'web', quarantine: { mode: 'Label', when: 'Before' } });
    simulation.start();
    await simulation.until('it is captured', () => textAt(simulation.statusOf('one'), 'phase') === 'Captured');
    assert.equal(at(shut(simulation), 'reason'), 'Refused');
    const asked = api.total;
    await simulation.pass(600_000);
    const renewals = 310;
    assert.ok(api.total - asked < renewals + 60, `${api.total - asked} requests in ten minutes`);
    isAllowed = true;
    await simulation.pass(600_000);
    assert.equal(at(shut(simulation), 'reason'), 'Denied');
  });

  it('does not believe a label that no Checkpoint put there', async () => {
    await using simulation = await openSimulation();
    simulation.pod('web', { labels: { app: 'web', 'stillframe.io/quarantine': 'made-up' } });
    const made = simulation.checkpoint('one', { podName: 'web', quarantine: { mode: 'Label' } });
    simulation.start();
    await simulation.until('it is judged', () => shut(simulation) !== undefined);
    assert.equal(at(shut(simulation), 'reason'), 'Denied');
    assert.equal(at(labels(simulation), 'stillframe.io/quarantine'), textAt(made, 'metadata', 'uid'));
    simulation.checkpoint('two', { podName: 'web', quarantine: { mode: 'Label' } });
    const second = () =>
      listAt(simulation.statusOf('two'), 'conditions').find((each) => at(each, 'type') === 'Quarantined');
    await simulation.until('the other is judged', () => second() !== undefined);
    assert.deepEqual([at(second(), 'status'), at(second(), 'reason')], ['Unknown', 'AlreadyQuarantined']);
    assert.ok(String(at(second(), 'message')).includes(String(textAt(made, 'metadata', 'uid'))));
  });
});
