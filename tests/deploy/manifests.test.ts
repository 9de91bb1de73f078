/** The plain manifests and the chart: no privilege that is not spelled out, one version everywhere, and nothing by hand. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needs } from '@stillframe/testkit';
import { parse, parseAllDocuments } from 'yaml';
import { fieldFaults } from './known-fields.ts';
import { PRIVILEGES, privilegesOf, record, type Workload, workloadsOf } from './privileges.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const deploy = join(root, 'deploy');
const read = (...path: string[]) => readFileSync(join(deploy, ...path), 'utf8');
const objectsIn = (text: string) =>
  parseAllDocuments(text).flatMap((document) => {
    assert.deepEqual(document.errors, []);
    const value: unknown = document.toJS();
    return value === null ? [] : [record(value)];
  });
const manifests = readdirSync(join(deploy, 'manifests')).filter((name) => name !== 'values.yaml');
const objects = manifests.flatMap((name) => objectsIn(read('manifests', name)));
const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8')) as { version: string };

const byDefault = PRIVILEGES.filter(({ only }) => only === undefined);
const spelled = (rows: typeof PRIVILEGES) => rows.map(({ workload, privilege }) => `${workload} ${privilege}`);
const told = (workloads: readonly Workload[]) =>
  workloads.flatMap((each) => privilegesOf(each).map((privilege) => `${each.name} ${privilege}`)).sort();

describe('the manifests', () => {
  it('give pods the privileges of the table, each of them, and no others', () => {
    assert.deepEqual(told(workloadsOf(objects)), spelled(byDefault).sort());
  });

  it('set no field that the API does not have, nor to another kind of value', () => {
    assert.deepEqual(objects.flatMap(fieldFaults), []);
    const [set] = structuredClone(objects).filter(({ kind }) => kind === 'DaemonSet');
    const pod = workloadsOf(set ? [set] : [])[0]?.pod as Record<string, unknown>;
    Object.assign(pod, { hostPIDs: true, terminationGracePeriodSeconds: '30' });
    const at = 'DaemonSet/stillframe-collector.spec.template.spec';
    assert.deepEqual(fieldFaults(set ?? {}).sort(), [
      `${at}.hostPIDs: there is no such field`,
      `${at}.terminationGracePeriodSeconds is no number`,
    ]);
  });

  it('have a reason for each in the documentation', () => {
    const rows = readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .flatMap((name) => readFileSync(join(root, 'docs', name), 'utf8').split('\n'))
      .filter((line) => line.startsWith('|'));
    const without = PRIVILEGES.filter(
      ({ privilege }) => !rows.some((row) => row.startsWith(`| ${privilege} |`) && row.length > privilege.length + 40),
    );
    assert.deepEqual(without, []);
  });

  it('give the collector no right in the cluster', () => {
    const bound = objects
      .filter(({ kind }) => String(kind).endsWith('RoleBinding'))
      .map((each) => JSON.stringify(each));
    assert.ok(bound.every((each) => !each.includes('stillframe-collector')));
  });

  it('keep what the collector may reach to what is named', () => {
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
    const spec = record(policies.find((each) => record(each['metadata'])['name'] === 'stillframe-collector')?.['spec']);
    assert.deepEqual([spec['policyTypes'], spec['ingress']], [['Ingress', 'Egress'], []]);
    assert.ok((spec['egress'] as { ports: unknown }[]).every(({ ports }) => Array.isArray(ports)));
  });

  it('and the chart are of the version of the command, and name it as their image', () => {
    const chart = record(parse(read('chart', 'Chart.yaml')));
    assert.deepEqual([chart['version'], chart['appVersion']], [version, version]);
    const images = workloadsOf(objects).flatMap(({ pod }) =>
      (pod['containers'] as { image: string }[]).map(({ image }) => image),
    );
    assert.ok(images.length > 0);
    assert.deepEqual([...new Set(images)], [`registry.example/stillframe:${version}`]);
  });

  it('are one of each template of the chart', () => {
    const templates = readdirSync(join(deploy, 'chart', 'templates')).filter((name) => name.endsWith('.yaml'));
    assert.deepEqual(manifests.sort(), templates.sort());
  });

  it('and the schema of values know the same values', () => {
    const values = record(parse(read('chart', 'values.yaml')));
    const schema = JSON.parse(read('chart', 'values.schema.json')) as Record<string, unknown>;
    const collector = record(record(record(schema['properties'])['collector'])['properties']);
    assert.deepEqual(Object.keys(record(values['collector'])).sort(), Object.keys(collector).sort());
  });
});

describe('the policy', () => {
  /** The pod of the collector with something else in it. */
  const changed = (change: (pod: Record<string, unknown>, container: Record<string, unknown>) => void) => {
    const [workload] = workloadsOf(structuredClone(objects)).filter(({ name }) => name.startsWith('DaemonSet/'));
    const pod = workload?.pod as Record<string, unknown>;
    change(pod, (pod['containers'] as Record<string, unknown>[])[0] ?? {});
    return privilegesOf({ name: 'changed', pod });
  };

  it('sees what would be one privilege more', () => {
    const cases: [string, Parameters<typeof changed>[0]][] = [
      ['hostPID', (pod) => Object.assign(pod, { hostPID: true })],
      ['has a token of the cluster', (pod) => delete pod['automountServiceAccountToken']],
      ['is privileged', (_, container) => Object.assign(record(container['securityContext']), { privileged: true })],
      [
        'has CAP_SYS_ADMIN',
        (_, each) =>
          Object.assign(record(each['securityContext']), { capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }),
      ],
      [
        'writes its root filesystem',
        (_, each) => Object.assign(record(each['securityContext']), { readOnlyRootFilesystem: false }),
      ],
      [
        'has no seccomp profile of the runtime',
        (pod) => delete (pod['securityContext'] as Record<string, unknown>)['seccompProfile'],
      ],
      [
        'writes / of the node',
        (pod, each) => {
          (pod['volumes'] as unknown[]).push({ name: 'host', hostPath: { path: '/' } });
          (each['volumeMounts'] as unknown[]).push({ name: 'host', mountPath: '/host' });
        },
      ],
      ['may take all memory', (_, each) => delete each['resources']],
    ];
    for (const [privilege, change] of cases) assert.ok(changed(change).includes(privilege), privilege);
  });
});

describe('helm', needs('helm'), () => {
  const template = (...args: string[]) =>
    execFileSync(
      'helm',
      ['template', 'stillframe', 'chart', '--kube-version', '1.34.0', '--namespace', 'stillframe', ...args],
      {
        cwd: deploy,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
  const values = ['--values', 'manifests/values.yaml'];

  it('makes the manifests of the chart that lie beside it (deploy/render.sh)', () => {
    for (const name of manifests)
      assert.equal(template(...values, '--show-only', `templates/${name}`), read('manifests', name), name);
  });

  it('makes of other values no privilege but a folder that is written, where archives are to be removed', () => {
    const more = [
      ...['--set', 'collector.destination=s3://evidence/nodes', '--set', 'collector.s3.endpoint=https://s3.example'],
      ...['--set', 'collector.s3.objectLock.mode=compliance', '--set', 'collector.s3.objectLock.retain=90d'],
      ...['--set', 'collector.secrets.s3=key', '--set', 'collector.secrets.signing=sign'],
      ...['--set', 'collector.configMaps.recipients=r', '--set', 'collector.removal.enabled=true'],
    ];
    const found = objectsIn(template(...values, ...more));
    const wanted = spelled(byDefault).map((row) => row.replace('reads /var/lib/kubelet', 'writes /var/lib/kubelet'));
    assert.deepEqual(told(workloadsOf(found)), wanted.sort());
    assert.deepEqual(found.flatMap(fieldFaults), []);
    const [collector] = workloadsOf(found).filter(({ name }) => name.endsWith('-collector'));
    const args = (record(collector?.pod)['containers'] as { args: string[] }[])[0]?.args ?? [];
    for (const word of ['--object-lock=compliance', '--retain=90d', '--remove', '--s3-endpoint=https://s3.example'])
      assert.ok(args.includes(word), word);
  });

  it('gives the collector a token and the rights of its file, and no others, where it is to report', () => {
    const found = objectsIn(template(...values, '--set', 'collector.report=true'));
    assert.deepEqual(told(workloadsOf(found)), spelled(PRIVILEGES).sort());
    assert.deepEqual(found.flatMap(fieldFaults), []);
    const named = (kind: string) =>
      found.filter((each) => each['kind'] === kind && JSON.stringify(each).includes('stillframe-collector'));
    const [[role, ...others], [binding, ...more]] = [named('ClusterRole'), named('ClusterRoleBinding')];
    assert.deepEqual([others, more, named('Role'), named('RoleBinding')], [[], [], [], []]);
    assert.deepEqual(role?.['rules'], [
      { apiGroups: ['stillframe.io'], resources: ['checkpoints'], verbs: ['get', 'list'] },
      { apiGroups: ['stillframe.io'], resources: ['checkpoints/status'], verbs: ['patch'] },
    ]);
    const subject = { kind: 'ServiceAccount', name: 'stillframe-collector', namespace: 'stillframe' };
    assert.deepEqual(binding?.['subjects'], [subject]);
    assert.equal(record(binding?.['roleRef'])['name'], record(role?.['metadata'])['name']);
    const [collector] = workloadsOf(found).filter(({ name }) => name.endsWith('-collector'));
    const args = (record(collector?.pod)['containers'] as { args: string[] }[])[0]?.args ?? [];
    assert.ok(args.includes('--report'));
  });

  it('refuses values that mean nothing, and a chart that is told no destination', () => {
    for (const wrong of [
      'collector.setle=1s',
      'collector.settle=soon',
      'image.digest=sha256:1',
      'colector.enabled=true',
    ])
      assert.throws(() => template(...values, '--set', wrong), /schema/, wrong);
    assert.throws(() => template(...values, '--set', 'collector.destination='), /say where archives go/);
  });
});
