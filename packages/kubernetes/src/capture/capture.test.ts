import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
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
  captureContext,
  checkpointOnNode,
  chooseContainer,
  findPod,
  openClusterApi,
} from '../index.ts';

const NAME = 'checkpoint-web_default-app-2026-01-01T00:00:00Z.tar';
const ASKED = { node: 'node-1', kubeNamespace: 'default', pod: 'web', container: 'app', timeout: 120 };
const POD = { kubeNamespace: 'default', pod: 'web' };

describe('capture in a cluster', () => {
  let cluster: FakeCluster;
  let api: ClusterApi;

  before(async () => {
    cluster = await openFakeCluster();
    api = openClusterApi(cluster.access);
  });
  after(async () => {
    await cluster[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    cluster.requests.length = 0;
    cluster.documents.set(WEB_PATH, WEB);
    cluster.refuse = () => undefined;
    cluster.kubelet = () => ({
      status: 200,
      body: JSON.stringify({ items: [`/var/lib/kubelet/checkpoints/${NAME}`] }),
    });
  });

  it('asks the kubelet of the pod’s node', async () => {
    const found = await findPod(api, POD);
    assert.deepEqual(
      { node: found.node, uid: found.uid, runtime: found.runtime, container: chooseContainer(found, undefined) },
      {
        ...{ node: 'node-1', uid: 'uid-web', runtime: 'containerd' },
        container: { name: 'app', id: 'c1', image: 'app:1', imageID: 'app@sha256:1' },
      },
    );
    assert.equal(await checkpointOnNode(api, ASKED), `/var/lib/kubelet/checkpoints/${NAME}`);
    assert.deepEqual(
      cluster.requests.map(({ line, authorization }) => `${line} ${authorization}`),
      [`GET ${WEB_PATH} Bearer sesame`, 'POST /api/v1/nodes/node-1/proxy/checkpoint/default/web/app Bearer sesame'],
    );
  });

  const lacking =
    'nodes "node-1" is forbidden: User "eve" cannot create resource "nodes/proxy" in API group "" at the cluster scope';
  const failed = 'checkpointing of default/web/app failed (rpc error: code =';
  const answers: [string, FakeAnswer, string, RegExp][] = [
    [
      'a user without nodes/proxy',
      statusAnswer(403, 'Forbidden', lacking),
      'ERR_CLUSTER_FORBIDDEN',
      /resources \["nodes\/proxy"\] and verbs \["create"\]/,
    ],
    [
      'an API server that the kubelet does not let',
      {
        status: 403,
        body: 'Forbidden (user=kube-apiserver-kubelet-client, verb=create, resource=nodes, subresource(s)=[checkpoint])',
      },
      'ERR_CLUSTER_NODE_FORBIDS',
      /system:kubelet-api-admin/,
    ],
    [
      'a node without the feature',
      { status: 404, body: '404 page not found\n' },
      'ERR_CLUSTER_NODE_NO_CHECKPOINTS',
      /ContainerCheckpoint/,
    ],
    [
      'a runtime without the call',
      { status: 500, body: `${failed} Unimplemented desc = unknown method CheckpointContainer)` },
      'ERR_CLUSTER_NODE_NO_CRIU',
      /install CRIU/,
    ],
    [
      'a runtime with it off',
      { status: 500, body: `${failed} Unknown desc = checkpoint/restore support not available)` },
      'ERR_CLUSTER_NODE_NO_CRIU',
      /enable_criu_support/,
    ],
    [
      'a runtime without CRIU',
      {
        status: 500,
        body: `${failed} Unknown desc = CRIU binary not found or too old (<31600). Failed to checkpoint container "x")`,
      },
      'ERR_CLUSTER_NODE_NO_CRIU',
      /install CRIU/,
    ],
    ['a pod that went', { status: 404, body: 'pod does not exist' }, 'ERR_CLUSTER_NOT_FOUND', /get pods/],
    [
      'a dump that failed',
      { status: 500, body: `${failed} Unknown desc = criu failed: type NOTIFY errno 0)` },
      'ERR_CLUSTER_CHECKPOINT_FAILED',
      /log/,
    ],
    [
      'a node that is gone',
      statusAnswer(404, 'NotFound', 'nodes "node-1" not found'),
      'ERR_CLUSTER_NOT_FOUND',
      /get pods/,
    ],
    [
      'a node that does not answer',
      statusAnswer(
        503,
        'ServiceUnavailable',
        'error trying to reach service: dial tcp 10.0.0.1:10250: connect: connection refused',
      ),
      'ERR_CLUSTER_NODE_UNREACHABLE',
      /kubectl get nodes/,
    ],
    ['nobody known', statusAnswer(401, 'Unauthorized', 'Unauthorized'), 'ERR_CLUSTER_CREDENTIALS', /log in/],
  ];
  for (const [what, answer, code, hint] of answers) {
    it(`tells ${what}`, async () => {
      cluster.kubelet = () => answer;
      await assert.rejects(checkpointOnNode(api, ASKED), (error: { code: string; hint: string }) => {
        assert.equal(error.code, code);
        assert.match(error.hint, hint);
        return true;
      });
    });
  }

  it('tells a missing pod from one that does not run, and several containers from one', async () => {
    await assert.rejects(findPod(api, { ...POD, pod: 'none' }), {
      code: 'ERR_CLUSTER_NOT_FOUND',
      message: /no pod default\/none/,
    });
    await assert.rejects(findPod(api, { ...POD, pod: '..' }), { code: 'ERR_CLUSTER_NOT_FOUND' });
    cluster.documents.set(WEB_PATH, { ...WEB, status: { phase: 'Pending' } });
    await assert.rejects(findPod(api, POD), { code: 'ERR_CLUSTER_NOT_RUNNING', message: /Pending/ });
    const [one] = WEB.status.containerStatuses;
    const statuses = [one, { ...one, name: 'proxy' }];
    cluster.documents.set(WEB_PATH, { ...WEB, status: { containerStatuses: statuses } });
    const found = await findPod(api, POD);
    assert.throws(() => chooseContainer(found, undefined), { code: 'ERR_CLUSTER_AMBIGUOUS', message: /app, proxy/ });
    assert.equal(chooseContainer(found, 'proxy').name, 'proxy');
    assert.throws(() => chooseContainer(found, 'none'), { code: 'ERR_CLUSTER_NOT_RUNNING' });
  });

  it('ends where the API server is gone, or the signal says so', async () => {
    const gone = openClusterApi({ ...cluster.access, server: 'https://localhost:1' });
    await assert.rejects(findPod(gone, POD), { code: 'ERR_CLUSTER_UNREACHABLE' });
    const untrusted = openClusterApi({ ...cluster.access, credentials: async () => ({ headers: {} }) });
    await assert.rejects(findPod(untrusted, POD), { code: 'ERR_CLUSTER_UNTRUSTED' });
    const ending = new AbortController();
    let noticed: Promise<void> | undefined;
    cluster.kubelet = (_path, signal) => {
      noticed = new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      setImmediate(() => ending.abort(new Error('enough')));
      return new Promise(() => undefined);
    };
    await assert.rejects(checkpointOnNode(api, ASKED, { signal: ending.signal }), { message: 'enough' });
    await noticed;
  });

  it('keeps what the cluster knew, and says what it was not told', async () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const subjects = [{ kind: 'ServiceAccount', name: 'web', namespace: 'default' }];
    const binding = { metadata: { name: 'b' }, subjects, roleRef: { kind: 'ClusterRole', name: 'view' } };
    const policy = { spec: { podSelector: { matchLabels: { app: 'web' } } } };
    const other = { spec: { podSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] } } };
    const owner = { metadata: { name: 'set', uid: 'uid-set' } };
    const ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'set', uid: 'uid-set', controller: true },
    ];
    for (const [path, document] of Object.entries({
      [WEB_PATH]: { ...WEB, metadata: { ...WEB.metadata, ownerReferences } },
      [`${rbac}/clusterrolebindings/b`]: binding,
      [`${rbac}/clusterrolebindings/c`]: { subjects: [{ kind: 'User', name: 'web' }] },
      [`${rbac}/clusterroles/view`]: { metadata: { name: 'view' } },
      '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/p': policy,
      '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/q': other,
      '/apis/apps/v1': {
        resources: [
          { name: 'replicasets/scale', kind: 'ReplicaSet' },
          { name: 'replicasets', kind: 'ReplicaSet', namespaced: true },
        ],
      },
      '/apis/apps/v1/namespaces/default/replicasets/set': owner,
    })) {
      cluster.documents.set(path, document);
    }
    cluster.refuse = (line) =>
      line.endsWith('/events') ? statusAnswer(403, 'Forbidden', 'no \u001b[31mevents') : undefined;
    const context = await captureContext(api, await findPod(api, POD));
    assert.deepEqual(context.events, { absent: 'no \\x1b[31mevents' });
    assert.deepEqual(context.owners, { found: [owner] });
    assert.deepEqual(context.rights, { found: { bindings: [binding], roles: [{ metadata: { name: 'view' } }] } });
    assert.deepEqual(context.networkPolicies, {
      found: [
        { selects: true, policy },
        { selects: false, policy: other },
      ],
    });
    assert.deepEqual(Object.keys(context.logs), ['app']);
    assert.deepEqual(context.serviceAccount, {
      absent: 'GET /api/v1/namespaces/default/serviceaccounts/web: serviceaccounts "web" not found',
    });
  });
});
