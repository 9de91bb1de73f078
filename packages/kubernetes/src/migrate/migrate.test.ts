import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { JsonObject } from '@stillframe/core';
import {
  type FakeAnswer,
  type FakeCluster,
  openFakeCluster,
  statusAnswer,
  WEB,
  WEB_PATH,
} from '../fake-cluster.fixture.ts';
import {
  type ClusterApi,
  decodeMigration,
  type Migration,
  type MigrationPorts,
  migrate,
  openClusterApi,
  timesOf,
} from '../index.ts';

const COPY = '/api/v1/namespaces/default/pods/web-copy';
const BEGUN: Migration = {
  ...{ version: 1, id: 'm-1', step: 'begun', reference: 'r.example/web:1' },
  source: { kubeNamespace: 'default', pod: 'web', uid: 'uid-web', node: 'node-1', container: 'app' },
  target: { node: 'node-2', pod: 'web-copy' },
};
const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const PATIENT = { patience: 20_000, look: 1 };

describe('a migration', () => {
  let cluster: FakeCluster;
  let api: ClusterApi;
  let saved: Migration[];
  let told: string[];
  let ports: MigrationPorts;
  before(async () => {
    cluster = await openFakeCluster();
    api = openClusterApi(cluster.access);
  });
  after(() => cluster[Symbol.asyncDispose]());
  beforeEach(() => {
    [saved, told] = [[], []];
    cluster.requests.length = 0;
    cluster.documents.set(WEB_PATH, WEB);
    cluster.documents.delete(COPY);
    cluster.refuse = () => undefined;
    cluster.created = (pod) => ({ ...pod, status: READY });
    ports = {
      save: async (state) => void saved.push(state),
      capture: async () => {
        const answered = Date.now();
        const [askedAt = '', answeredAt = ''] = [answered - 1000, answered].map((time) => new Date(time).toISOString());
        return { archive: '/a.tar', askedAt, answeredAt };
      },
      publish: async () => 'r.example/web@sha256:1',
      podOf: async () => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web-copy', namespace: 'default' },
        spec: {},
      }),
      told: (step) => void told.push(step),
    };
  });
  const isThere = () => ({ original: cluster.documents.has(WEB_PATH), copy: cluster.documents.has(COPY) });
  const once = (line: string, answer: FakeAnswer) => {
    let left = 1;
    cluster.refuse = (asked) => (asked === line && left-- > 0 ? answer : undefined);
  };
  const away = statusAnswer(503, 'ServiceUnavailable', 'apiserver is shutting down');

  it('ends with the copy alone, and every step was kept', async () => {
    const end = await migrate(api, BEGUN, ports, PATIENT);
    assert.deepEqual(isThere(), { original: false, copy: true });
    assert.deepEqual(
      saved.map(({ step }) => step),
      ['captured', 'published', 'created', 'ready', 'ready', 'removed'],
    );
    assert.deepEqual(told, ['checkpoint', 'image', 'copy', 'ready', 'remove the original']);
    const { pauseAtMost, downtime } = timesOf(end);
    assert.deepEqual({ pauseAtMost, downtime }, { pauseAtMost: 1000, downtime: 0 });
  });

  it('goes on from each state that was kept', async () => {
    await migrate(api, BEGUN, ports, PATIENT);
    const copy = cluster.documents.get(COPY);
    for (const state of [...saved]) {
      cluster.documents.set(WEB_PATH, WEB);
      if (state.step === 'captured' || state.step === 'published') cluster.documents.delete(COPY);
      else if (copy) cluster.documents.set(COPY, copy);
      told = [];
      const end = await migrate(api, decodeMigration(JSON.stringify(state)), ports, PATIENT);
      assert.equal(end.step, 'removed');
      assert.ok(!told.includes('checkpoint'));
    }
  });

  it('waits for the API server while the image and the pod are made, too', async () => {
    const { publish, podOf } = ports;
    let asked = 0;
    const isAway = async () => {
      asked += 1;
      if (asked % 2 === 1) once('GET /api/v1/nodes/node-1', away);
      await api.get('/api/v1/nodes/node-1');
    };
    ports.publish = async (state) => {
      await isAway();
      return publish(state);
    };
    ports.podOf = async (state) => {
      await isAway();
      return podOf(state);
    };
    assert.equal((await migrate(api, BEGUN, ports, PATIENT)).step, 'removed');
    assert.equal(asked, 4);
  });

  it('makes a checkpoint anew that grew old before there was a copy, and no other', async () => {
    await migrate(api, BEGUN, ports, PATIENT);
    const copy = cluster.documents.get(COPY);
    const answeredAt = new Date(Date.now() - 601_000).toISOString();
    for (const state of saved.map((each) => ({ ...each, askedAt: answeredAt, answeredAt }))) {
      const hadCopy = state.step !== 'captured' && state.step !== 'published';
      cluster.documents.set(WEB_PATH, WEB);
      if (!hadCopy) cluster.documents.delete(COPY);
      else if (copy) cluster.documents.set(COPY, copy);
      told = [];
      const end = await migrate(api, state, ports, PATIENT);
      assert.deepEqual([end.step, told.includes('checkpoint')], ['removed', !hadCopy]);
      assert.equal(timesOf(end).lost > 600_000, hadCopy);
    }
  });

  const failures: [string, () => void, string][] = [
    ['the capture', () => (ports.capture = () => Promise.reject(new Error('no CRIU'))), 'begun'],
    ['the registry', () => (ports.publish = () => Promise.reject(new Error('registry down'))), 'captured'],
    ['the checks of the target', () => (ports.podOf = () => Promise.reject(new Error('does not fit'))), 'published'],
    [
      'creating the copy',
      () => once('POST /api/v1/namespaces/default/pods', statusAnswer(403, 'Forbidden', 'quota')),
      'published',
    ],
    ['the restore', () => (cluster.created = failing('StartError', 'criu failed')), 'published'],
    [
      'removing the original',
      () => once(`DELETE ${WEB_PATH}`, statusAnswer(403, 'Forbidden', 'no right')),
      'published',
    ],
  ];
  const failing = (reason: string, message: string) => (pod: JsonObject) => ({
    ...pod,
    status: { phase: 'Pending', containerStatuses: [{ name: 'app', state: { waiting: { reason, message } } }] },
  });
  for (const [what, breakIt, step] of failures) {
    it(`leaves the original and nothing else where ${what} fails`, async () => {
      breakIt();
      await assert.rejects(
        migrate(api, BEGUN, ports, PATIENT),
        /no CRIU|registry down|does not fit|quota|criu failed|no right/,
      );
      assert.deepEqual(isThere(), { original: true, copy: false });
      assert.equal(saved.at(-1)?.step ?? 'begun', step);
    });
  }

  it('does nothing where the original went, or is another', async () => {
    cluster.documents.delete(WEB_PATH);
    await assert.rejects(migrate(api, BEGUN, ports, PATIENT), { code: 'ERR_CLUSTER_NOT_FOUND' });
    cluster.documents.set(WEB_PATH, { ...WEB, metadata: { ...WEB.metadata, uid: 'other' } });
    await assert.rejects(migrate(api, BEGUN, ports, PATIENT), { code: 'ERR_CLUSTER_NOT_FOUND' });
    ports.publish = async () => {
      cluster.documents.delete(WEB_PATH);
      return 'r.example/web@sha256:1';
    };
    cluster.documents.set(WEB_PATH, WEB);
    await assert.rejects(migrate(api, BEGUN, ports, PATIENT), { code: 'ERR_CLUSTER_NOT_FOUND' });
    assert.deepEqual(isThere(), { original: false, copy: false });
  });

  it('waits for an API server that restarts, at any step', async () => {
    for (const line of [
      `GET ${WEB_PATH}`,
      'POST /api/v1/namespaces/default/pods',
      `GET ${COPY}`,
      `DELETE ${WEB_PATH}`,
    ]) {
      cluster.documents.set(WEB_PATH, WEB);
      cluster.documents.delete(COPY);
      once(line, away);
      assert.equal((await migrate(api, BEGUN, ports, PATIENT)).step, 'removed', line);
    }
  });

  it('takes a copy for its own whose answer was lost, and no other', async () => {
    const spec = { apiVersion: 'v1', kind: 'Pod', spec: {}, status: READY };
    const named = { name: 'web-copy', namespace: 'default', uid: 'uid-copy' };
    cluster.documents.set(COPY, {
      ...spec,
      metadata: { ...named, annotations: { 'io.stillframe.cluster/migration': 'm-1' } },
    });
    const end = await migrate(api, BEGUN, ports, PATIENT);
    assert.equal(end.copyUid, 'uid-copy');
    cluster.documents.set(WEB_PATH, WEB);
    cluster.documents.set(COPY, { ...spec, metadata: named });
    await assert.rejects(migrate(api, BEGUN, ports, PATIENT), { code: 'ERR_CLUSTER_EXISTS' });
    assert.deepEqual(isThere(), { original: true, copy: true });
  });

  it('removes no copy that is all that there is', async () => {
    cluster.refuse = (line) => {
      if (line !== `DELETE ${WEB_PATH}`) return undefined;
      cluster.documents.delete(WEB_PATH);
      return statusAnswer(500, 'InternalError', 'etcd says no');
    };
    await assert.rejects(migrate(api, BEGUN, ports, PATIENT), { code: 'ERR_CLUSTER_MIGRATION_OPEN' });
    assert.deepEqual(isThere(), { original: false, copy: true });
  });

  const marked = (uid: string): JsonObject => ({
    ...{ apiVersion: 'v1', kind: 'Pod', spec: {}, status: { phase: 'Pending' } },
    metadata: { name: 'web-copy', uid, annotations: { 'io.stillframe.cluster/migration': 'm-1' } },
  });
  const at = (step: Migration['step']): Migration => ({ ...BEGUN, step, archive: '/a.tar', image: 'r@sha256:1' });

  it('removes no copy once the original went, whichever step is the one that fails', async () => {
    for (const state of [
      at('published'),
      { ...at('created'), copyUid: 'uid-1' },
      { ...at('ready'), copyUid: 'uid-1' },
    ]) {
      cluster.documents.delete(WEB_PATH);
      cluster.documents.set(COPY, marked('uid-1'));
      await assert.rejects(migrate(api, state, ports, { ...PATIENT, patience: 20 }), {
        code: 'ERR_CLUSTER_MIGRATION_OPEN',
      });
      assert.deepEqual(isThere(), { original: false, copy: true }, state.step);
    }
    // One that is there but has ended holds nothing any more either.
    cluster.documents.set(WEB_PATH, { ...WEB, status: { ...WEB.status, phase: 'Failed' } });
    const state = { ...at('created'), copyUid: 'uid-1' };
    await assert.rejects(migrate(api, state, ports, { ...PATIENT, patience: 20 }), /it is Failed/);
    assert.deepEqual(isThere(), { original: true, copy: true });
  });

  it('looks at the copy again before the original goes, since what was kept may be old', async () => {
    const state = { ...at('ready'), copyUid: 'uid-1' };
    await assert.rejects(migrate(api, state, ports, PATIENT), { code: 'ERR_CLUSTER_NOT_FOUND' });
    assert.deepEqual(isThere(), { original: true, copy: false });
    cluster.documents.set(COPY, {
      ...marked('somebody-else'),
      status: READY,
      metadata: { name: 'web-copy', uid: 'x' },
    });
    await assert.rejects(migrate(api, state, ports, PATIENT), /another pod than the copy/);
    assert.deepEqual(isThere(), { original: true, copy: true });
  });

  it('goes on where it was killed between asking the original to go and keeping that', async () => {
    cluster.documents.delete(WEB_PATH);
    cluster.documents.set(COPY, { ...marked('uid-1'), status: READY });
    const state = { ...at('ready'), copyUid: 'uid-1', removedAt: '2026-01-01T00:00:02.000Z' };
    assert.equal((await migrate(api, state, ports, PATIENT)).step, 'removed');
  });

  it('does not say that it removed an original that somebody else did', async () => {
    cluster.documents.delete(WEB_PATH);
    cluster.documents.set(COPY, { ...marked('uid-1'), status: READY });
    const state = { ...at('ready'), copyUid: 'uid-1' };
    await assert.rejects(migrate(api, state, ports, PATIENT), { code: 'ERR_CLUSTER_MIGRATION_OPEN' });
    assert.deepEqual(isThere(), { original: false, copy: true });
  });

  it('takes no other file for its state', () => {
    for (const text of [
      '',
      '[]',
      '{"version":1}',
      JSON.stringify({ ...BEGUN, step: 'x' }),
      JSON.stringify({ ...BEGUN, id: '' }),
    ])
      assert.throws(() => decodeMigration(text), { code: 'ERR_CLUSTER_MIGRATION' });
    assert.deepEqual(decodeMigration(JSON.stringify(BEGUN)), BEGUN);
  });
});
