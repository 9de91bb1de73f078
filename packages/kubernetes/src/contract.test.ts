/**
 * What kube-apiserver, kubelet and containerd of 1.36.3 and 2.1.9 answered (`recorded/answers.json`, which
 * tests/kubernetes/capture.suite.ts writes), and what the client makes of each.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { type FakeCluster, openFakeCluster } from './fake-cluster.fixture.ts';
import { type ClusterApi, checkpointOnNode, findPod, listNodes, openClusterApi } from './index.ts';

interface Recorded {
  name: string;
  request: string;
  status: number;
  body: string;
}

const FILE = new URL('../recorded/answers.json', import.meta.url);
const answers = JSON.parse(await readFile(FILE, 'utf8')) as Recorded[];
const POD = { kubeNamespace: 'default', pod: 'counters' };

/** What is asked so that the recorded request is made, by the words of its path. */
function askedBy(api: ClusterApi, { request }: Recorded): Promise<unknown> {
  const [method = '', path = ''] = request.split(' ');
  const [, node, pod, container] = /nodes\/([^/]+)\/proxy\/checkpoint\/default\/([^/]+)\/([^/]+)/.exec(path) ?? [];
  if (node && pod && container) {
    return checkpointOnNode(api, { ...POD, node, pod, container, timeout: 120 });
  }
  if (path.endsWith('/nodes')) return listNodes(api);
  if (method === 'POST') return api.create(path, {});
  if (method === 'DELETE') return api.remove(path, { uid: '00000000-0000-0000-0000-000000000000' });
  return findPod(api, { ...POD, pod: path.split('/').at(-1) ?? '' });
}

const REFUSED: Readonly<Record<string, { code: string; message?: RegExp; hint?: RegExp }>> = {
  'a user without nodes/proxy': { code: 'ERR_CLUSTER_FORBIDDEN', hint: /nodes\/proxy/ },
  'a pod that went': { code: 'ERR_CLUSTER_NOT_FOUND', message: /pod does not exist/ },
  'no such container': { code: 'ERR_CLUSTER_NOT_FOUND', message: /container none does not exist/ },
  'a node that is gone': { code: 'ERR_CLUSTER_NOT_FOUND', message: /none/ },
  'no pod': { code: 'ERR_CLUSTER_NOT_FOUND', message: /no pod default\/none/ },
  'nodes, to eve': { code: 'ERR_CLUSTER_FORBIDDEN', message: /nodes/ },
  'a name that is taken': { code: 'ERR_CLUSTER_EXISTS', message: /already exists/ },
  'a node without the feature': { code: 'ERR_CLUSTER_NODE_NO_CHECKPOINTS', hint: /ContainerCheckpoint/ },
  'a node that does not answer': { code: 'ERR_CLUSTER_NODE_UNREACHABLE' },
  'a runtime without CRIU': { code: 'ERR_CLUSTER_NODE_NO_CRIU', hint: /CRIU/ },
};

describe('what real binaries answered', () => {
  let cluster: FakeCluster;
  let api: ClusterApi;
  before(async () => {
    cluster = await openFakeCluster();
    api = openClusterApi(cluster.access);
  });
  after(() => cluster[Symbol.asyncDispose]());

  for (const recorded of answers) {
    const expected = REFUSED[recorded.name];
    it(`${recorded.name} ${expected ? `is ${expected.code}` : 'is no failure'}`, async () => {
      cluster.refuse = (line) => (line === recorded.request ? recorded : undefined);
      const asked = askedBy(api, recorded);
      if (expected) {
        await assert.rejects(asked, (error: { code: string; message: string; hint: string }) => {
          assert.equal(error.code, expected.code, error.message);
          assert.match(error.message, expected.message ?? /./);
          assert.match(error.hint, expected.hint ?? /./);
          return true;
        });
      } else await asked;
    });
  }

  it('every refusal that is expected was recorded, as were those that succeed', async () => {
    const names = new Set(answers.map(({ name }) => name));
    assert.deepEqual(
      Object.keys(REFUSED).filter((name) => !names.has(name)),
      [],
    );
    const answered = (name: string) => answers.find((each) => each.name === name) as Recorded;
    cluster.refuse = () => answered('a checkpoint');
    const asked = { ...POD, node: 'node-1', container: 'counter', timeout: 120 };
    assert.match(await checkpointOnNode(api, asked), /^\/var\/lib\/kubelet\/checkpoints\/checkpoint-counters_default-/);
    cluster.refuse = () => answered('a pod');
    const { node, containers } = await findPod(api, POD);
    assert.deepEqual([node, containers.map(({ name }) => name)], ['node-1', ['counter']]);
    cluster.refuse = () => answered('nodes');
    const [first] = await listNodes(api);
    assert.deepEqual(
      [first?.name, first?.ready, first?.runtime, first?.kubelet],
      ['node-1', true, 'stillframe', 'v1.36.3'],
    );
  });
});
