/** The rules of the chart are exactly what the controller asks for, in a story that has everything in it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { at, listAt, textAt } from '@stillframe/core';
import { parse } from 'yaml';
import { alertIn } from './policies/falco.ts';
import { openSimulation, type Simulation } from './simulation.fixture.ts';

const CHART = join(import.meta.dirname, '../../../deploy/chart');

/** `verb group/resource` of every rule. */
function granted(): Set<string> {
  const document: unknown = parse(readFileSync(join(CHART, 'files/controller-rules.yaml'), 'utf8'));
  const rules = ['objects', 'cluster', 'lease'].flatMap((part) => listAt(document, part));
  return new Set(
    rules.flatMap((rule) =>
      listAt(rule, 'apiGroups').flatMap((group) =>
        listAt(rule, 'resources').flatMap((resource) =>
          listAt(rule, 'verbs').map((verb) => `${verb} ${group === '' ? '' : `${group}/`}${resource}`),
        ),
      ),
    ),
  );
}

const make = ({ api }: Simulation, plural: string, kind: string, name: string, spec: object) =>
  api.objects.create(
    { resource: `stillframe.io/${plural}`, kubeNamespace: 'shop' },
    {
      ...{ apiVersion: 'stillframe.io/v1alpha1', kind, metadata: { name, namespace: 'shop' } },
      spec,
    },
  );

it('the chart grants what the controller asks for, and nothing else', async () => {
  await using simulation = await openSimulation();
  const { api } = simulation;
  const paths = new Map<string, string>();
  api.before = ({ verb, resource, path }) => {
    paths.set(`${verb} ${resource}`, path);
    return undefined;
  };
  simulation.pod('web', { annotations: { 'stillframe.io/checkpoint': 'now' } });
  api.objects.create({ resource: 'nodes' }, { metadata: { name: 'node-1' }, spec: {} });
  make(simulation, 'checkpointpolicies', 'CheckpointPolicy', 'all', {
    selector: {},
    triggers: { annotation: true, falco: {}, eviction: true, drain: true },
    quarantine: { mode: 'Detach' },
  });
  make(simulation, 'checkpointschedules', 'CheckpointSchedule', 'often', {
    ...{ schedule: '*/3 * * * *', selector: { matchLabels: { app: 'nobody' } }, template: {} },
  });
  simulation.checkpoint('short', { podName: 'web', retention: { ttl: '1m' } });
  const controller = simulation.start();
  await simulation.pass(30_000);
  const alert = alertIn({
    ...{ rule: 'r', priority: 'Critical', output: 'o' },
    output_fields: { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web' },
  });
  assert.ok(alert);
  const alerted = controller.alert(alert);
  await simulation.pass(390_000);
  await alerted;
  for (const each of api.objects.all('stillframe.io/checkpoints')) {
    const name = textAt(each, 'metadata', 'name');
    if (at(each, 'status', 'quarantine') !== undefined) {
      api.objects.remove({ resource: 'stillframe.io/checkpoints', kubeNamespace: 'shop', name });
    }
  }
  await simulation.pass(20_000);
  await controller.stop();
  const asked = [...paths.keys()].sort();
  assert.deepEqual(asked, [...granted()].sort(), 'deploy/chart/files/controller-rules.yaml');
  // Leases but for the one of the release are nobody's business.
  for (const verb of ['get', 'update']) {
    assert.match(
      paths.get(`${verb} coordination.k8s.io/leases`) ?? '',
      /\/namespaces\/stillframe\/leases\/stillframe-controller$/,
    );
  }
});
