/**
 * The controller at a real API server, as the service account and with the rights of the chart: its definitions are taken, what they
 * forbid is refused, and a Checkpoint, a policy and a quarantine are carried out. The kubelet is played.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runController, systemClock } from '@stillframe/controller';
import { at, type JsonObject, type Logger, listAt, messageOf, textAt } from '@stillframe/core';
import { openTemporaryFolder, type TemporaryFolder } from '@stillframe/core/file';
import type { ClusterApi } from '@stillframe/kubernetes';
import { parse } from 'yaml';
import { type BareApi, startBareApi } from './bare-api.ts';
import { PROGRAM } from './cluster-lab.ts';

const CHART = join(import.meta.dirname, '../../deploy/chart');
const GROUP = '/apis/stillframe.io/v1alpha1/namespaces/shop';
const POD = '/api/v1/namespaces/shop/pods/web';
const yaml = (path: string) => parse(readFileSync(join(CHART, path), 'utf8')) as JsonObject;

describe('the controller at a real API server', () => {
  let folder: TemporaryFolder;
  let cluster: BareApi;
  let admin: ClusterApi;
  let running: Promise<void>;
  const stop = new AbortController();
  const log: string[] = [];

  before(async () => {
    folder = await openTemporaryFolder(tmpdir());
    cluster = await startBareApi(folder.path, PROGRAM, ['controller']);
    admin = await cluster.api('admin');
    for (const name of ['shop', 'stillframe']) {
      await admin.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    await grant();
    for (const file of readdirSync(join(CHART, 'crds'))) {
      await admin.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', yaml(`crds/${file}`));
    }
    await until('the kinds are there', async () => {
      await Promise.all(
        ['checkpoints', 'checkpointschedules', 'checkpointpolicies'].map((each) => admin.get(`${GROUP}/${each}`)),
      );
      return true;
    });
    await makePod();
    const api = await cluster.api('controller');
    const logger: Logger = {
      log: (level, message, fields) => void log.push(JSON.stringify({ level, message, ...fields })),
    };
    running = runController(
      {
        ...{ access: api.access, clock: systemClock, log: logger, identity: 'suite', requestsPerSecond: 50 },
        lease: { kubeNamespace: 'stillframe', name: 'stillframe-controller' },
        counted: { capture: () => undefined, cause: () => undefined, request: () => undefined },
      },
      stop.signal,
    );
  });
  after(async () => {
    stop.abort(new DOMException('the suite is over', 'AbortError'));
    await running;
    await cluster[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    let why = '';
    for (let turn = 0; turn < 300; turn += 1) {
      const so = await isSo().catch((error: unknown) => {
        why = messageOf(error);
        return false;
      });
      if (so) return;
      await delay(200);
    }
    assert.fail(`${what}: ${why}\n${log.slice(-30).join('\n')}`);
  }
  async function grant(): Promise<void> {
    const rules = yaml('files/controller-rules.yaml');
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    const subjects = [{ kind: 'ServiceAccount', name: 'controller', namespace: 'stillframe' }];
    for (const [part, kind, place] of [
      ['objects', 'ClusterRole', ''],
      ['cluster', 'ClusterRole', ''],
      ['lease', 'Role', '/namespaces/stillframe'],
    ] as const) {
      const plural = `${kind.toLowerCase()}s`;
      await admin.create(`${rbac}${place}/${plural}`, {
        apiVersion,
        kind,
        metadata: { name: part },
        rules: rules[part],
      });
      await admin.create(`${rbac}${place}/${kind.toLowerCase()}bindings`, {
        ...{ apiVersion, kind: `${kind}Binding`, metadata: { name: part }, subjects },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: part },
      });
    }
  }
  async function makePod(): Promise<void> {
    const spec = {
      nodeName: 'node-1',
      containers: [{ name: 'app', image: 'app:1' }],
      tolerations: [{ operator: 'Exists' }],
    };
    await admin.create('/api/v1/namespaces/shop/pods', {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } }, spec },
    });
    const status = {
      name: 'app',
      image: 'app:1',
      imageID: 'x',
      ready: true,
      restartCount: 0,
      containerID: 'containerd://c1',
    };
    const started = { running: { startedAt: '2026-01-01T00:00:00Z' } };
    await admin.patch(`${POD}/status`, {
      status: { phase: 'Running', containerStatuses: [{ ...status, state: started }] },
    });
  }
  const make = (plural: string, kind: string, name: string, spec: object) =>
    admin.create(`${GROUP}/${plural}`, { apiVersion: 'stillframe.io/v1alpha1', kind, metadata: { name }, spec });
  const phaseOf = async (name: string) => textAt(await admin.get(`${GROUP}/checkpoints/${name}`), 'status', 'phase');

  it('captures once, says so in the status, and may be listed by node', async () => {
    await make('checkpoints', 'Checkpoint', 'one', { podName: 'web' });
    await until('it is captured', async () => (await phaseOf('one')) === 'Captured');
    assert.equal(cluster.captures.length, 1);
    const found = await admin.get(`${GROUP}/checkpoints?fieldSelector=status.node%3Dnode-1`);
    assert.equal(listAt(found, 'items').length, 1);
    await until('its event', async () => {
      const events = listAt(await admin.get('/api/v1/namespaces/shop/events'), 'items');
      return events.some((event) => textAt(event, 'reason') === 'Captured');
    });
  });

  it('is given nothing that the definitions forbid', async () => {
    const refused: readonly [string, string, object, RegExp][] = [
      ['checkpoints', 'Checkpoint', {}, /podName/],
      [
        'checkpoints',
        'Checkpoint',
        { podName: 'web', destination: { kind: 'Registry' } },
        /a reference is for kind Registry/,
      ],
      [
        'checkpointschedules',
        'CheckpointSchedule',
        { schedule: '* * * * *', template: {} },
        /either podName or selector/,
      ],
      ['checkpointschedules', 'CheckpointSchedule', { schedule: 'soon', podName: 'web', template: {} }, /schedule/],
      ['checkpointpolicies', 'CheckpointPolicy', { selector: {}, deduplicate: '5 minutes' }, /deduplicate/],
    ];
    for (const [plural, kind, spec, message] of refused) {
      await assert.rejects(make(plural, kind, 'wrong', spec), { message });
    }
    await assert.rejects(admin.patch(`${GROUP}/checkpoints/one`, { spec: { podName: 'other' } }), {
      message: /make another/,
    });
    await assert.rejects(admin.patch(`${GROUP}/checkpoints/one`, { spec: { quarantine: { mode: 'Label' } } }), {
      message: /make another/,
    });
    await admin.patch(`${GROUP}/checkpoints/one`, { spec: { retention: { ttl: '3d' } } });
    const long = 'x'.repeat(60);
    await assert.rejects(make('checkpointpolicies', 'CheckpointPolicy', long, { selector: {} }), {
      message: /52 characters/,
    });
  });

  it('makes a Checkpoint of an annotation, shuts the pod off, and lifts that again', async () => {
    await make('checkpointpolicies', 'CheckpointPolicy', 'asked', {
      selector: { matchLabels: { app: 'web' } },
      triggers: { annotation: true },
      quarantine: { mode: 'Label' },
    });
    await admin.patch(POD, { metadata: { annotations: { 'stillframe.io/checkpoint': 'now' } } });
    await until(
      'it is shut off',
      async () => textAt(await admin.get(POD), 'metadata', 'labels', 'stillframe.io/quarantine') !== '',
    );
    await until('the annotations are gone', async () => {
      const annotations = at(await admin.get(POD), 'metadata', 'annotations');
      return annotations === undefined || Object.keys(annotations as object).length === 0;
    });
    assert.equal(cluster.captures.length, 2);
    const policies = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';
    assert.equal(listAt(await admin.get(policies), 'items').length, 1);
    const made = listAt(await admin.get(`${GROUP}/checkpoints?labelSelector=stillframe.io%2Fpolicy%3Dasked`), 'items');
    const name = textAt(made[0], 'metadata', 'name');
    await until('it is said', async () => {
      const status = at(await admin.get(`${GROUP}/checkpoints/${name}`), 'status');
      return listAt(status, 'conditions').some(
        (each) => at(each, 'type') === 'Quarantined' && at(each, 'status') === 'True',
      );
    });
    await admin.remove(`${GROUP}/checkpoints/${name}`);
    await until('it is lifted', async () => listAt(await admin.get(policies), 'items').length === 0);
    assert.equal(textAt(await admin.get(POD), 'metadata', 'labels', 'stillframe.io/quarantine'), '');
    await until(
      'the policy has counted',
      async () => at(await admin.get(`${GROUP}/checkpointpolicies/asked`), 'status', 'conditions') !== undefined,
    );
  });

  it('is quiet where nothing happens, and lacks no right', async () => {
    const before = log.length;
    await delay(10_000);
    assert.deepEqual(log.slice(before), []);
    assert.ok(!log.some((line) => /forbidden/i.test(line)), log.join('\n'));
  });

  it('goes on once the API server has been away', async () => {
    await cluster.restart();
    await make('checkpoints', 'Checkpoint', 'after', { podName: 'web' });
    await until('it is captured', async () => (await phaseOf('after')) === 'Captured');
    assert.equal(cluster.captures.length, 3);
  });
});
