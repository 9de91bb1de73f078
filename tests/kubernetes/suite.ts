/**
 * The cluster commands against real Kubernetes binaries, with a kubelet on our own CRI socket. Run by hand, after build.sh:
 * `sh tests/kubernetes/test.sh`. It writes what the binaries answered to packages/kubernetes/recorded/answers.json.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { numbersIn, waitForNumbers } from '@stillframe/demo/stage';
import { openClusterApi, openKubeconfig } from '@stillframe/kubernetes';
import { stillframeHere } from '../lab/here.ts';
import { type Lab, openLab } from '../lab/lab.ts';
import { type Cluster, NODE, startCluster } from './cluster.ts';

const PROGRAM = join(process.env['STILLFRAME_KUBERNETES_BUILD'] ?? '/tmp/kube-build', 'kubernetes');
const RECORDED = join(import.meta.dirname, '../../packages/kubernetes/recorded/answers.json');
const COUNT = 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.2; done';
const PATIENCE = 120_000;

describe('real Kubernetes binaries', {
  skip: existsSync(PROGRAM) ? false : 'sh tests/kubernetes/build.sh makes them',
}, () => {
  let lab: Lab;
  let cluster: Cluster;
  let folder: string;
  const recorded: { name: string; request: string; status: number; body: string }[] = [];
  const place = (user = 'admin') => ['--kubeconfig', cluster.kubeconfig(user)];
  const fetching = () => ['--fetch-image', lab.image];

  const podOf = (name: string, image: string) => ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' } },
    spec: {
      ...{ hostNetwork: true, automountServiceAccountToken: false, enableServiceLinks: false },
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'counter', image, command: ['sh', '-c', COUNT] }],
    },
  });
  const logOf = async (pod: string) => {
    const logs = join(folder, 'logs');
    const name = (await readdir(logs)).find((each) => each.startsWith(`default_${pod}_`));
    return join(logs, name ?? '', 'counter', '0.log');
  };
  const wait = (pod: string) =>
    cluster.kubectl('admin', ['wait', `pod/${pod}`, '--for=condition=Ready', `--timeout=${PATIENCE / 1000}s`]);

  before(async () => {
    lab = await openLab();
    folder = join(lab.folder, 'cluster');
    await mkdir(folder);
    cluster = await startCluster({ folder, cri: join(lab.folder, 'state/cri.sock'), program: PROGRAM });
    await cluster.kubectl('admin', ['create', '-f', '-'], JSON.stringify(podOf('counters', lab.image)));
    await wait('counters');
    await waitForNumbers(await logOf('counters'), 0, 3, AbortSignal.timeout(PATIENCE));
  });
  after(async () => {
    await cluster?.kubectl('admin', ['delete', 'pods', '--all', '-A', '--grace-period=0', '--wait']);
    await cluster?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
    if (recorded.length === 0) return;
    await mkdir(join(RECORDED, '..'), { recursive: true });
    await writeFile(RECORDED, `${JSON.stringify(recorded, undefined, 2)}\n`);
  });

  it('gives a checkpoint through the API server, fetched and hashed, and the container goes on', async () => {
    const out = join(lab.folder, 'a.tar');
    const words = ['checkpoint', 'default/counters', ...place(), ...fetching(), '-e', out, '-o', 'json'];
    const told = JSON.parse((await stillframeHere(words)).stdout);
    assert.equal(told.archive, out);
    assert.match(told.nodeArchive, /checkpoints\/checkpoint-counters_default-counter-/);
    const context = JSON.parse(await readFile(told.clusterContext, 'utf8'));
    assert.equal(context.pod.metadata.name, 'counters');
    assert.match(context.logs.counter.current.found, /count 1\n/);
    const log = await logOf('counters');
    const numbers = await waitForNumbers(log, (await numbersIn(log)).length, 3, AbortSignal.timeout(PATIENCE));
    assert.deepEqual(
      numbers,
      numbers.map((_n, at) => at + 1),
      'no number skipped or repeated',
    );
    assert.equal(await cluster.kubectl('admin', ['get', 'pods', '-n', 'kube-system', '-o', 'name']), '');
  });

  it('restores it by a pod that the scheduler places, and the count goes on', async () => {
    const reference = `${lab.registry}/checkpoints/counters:1`;
    await stillframeHere(['image', 'build', join(lab.folder, 'a.tar'), reference]);
    await stillframeHere(['restore', reference, '--to-cluster', ...place(), '--name', 'again']);
    await wait('again');
    const log = await logOf('again');
    const numbers = await waitForNumbers(log, 0, 5, AbortSignal.timeout(PATIENCE));
    assert.ok((numbers.at(-1) ?? 0) > 5);
    const counted = await waitForNumbers(log, (await numbersIn(log)).length, 3, AbortSignal.timeout(PATIENCE));
    assert.deepEqual(
      counted,
      counted.map((_n, at) => (counted[0] ?? 0) + at),
      'it goes on where it was',
    );
  });

  it('answers as the contract suite has it', async () => {
    const ask = async (name: string, user: string, path: string) => {
      const api = openClusterApi(await openKubeconfig({ file: cluster.kubeconfig(user), env: {} }));
      const answer = await api.ask({ method: 'POST', path: `/api/v1/nodes/${path}?timeout=120`, seconds: 150 });
      recorded.push({ name, request: `POST /api/v1/nodes/${path}`, ...answer });
      return answer;
    };
    const counter = `${NODE}/proxy/checkpoint/default/counters/counter`;
    assert.equal((await ask('forbidden user', 'eve', counter)).status, 403);
    assert.equal((await ask('no such pod', 'admin', `${NODE}/proxy/checkpoint/default/none/counter`)).status, 404);
    assert.equal(
      (await ask('no such container', 'admin', `${NODE}/proxy/checkpoint/default/counters/none`)).status,
      404,
    );
    assert.equal((await ask('no such node', 'admin', 'none/proxy/checkpoint/default/counters/counter')).status, 404);
    assert.equal((await ask('made', 'admin', counter)).status, 200);
  });

  it('says which right a user lacks, and lets the container be', async () => {
    await cluster.kubectl('admin', ['create', 'clusterrole', 'see', '--verb=get', '--resource=pods']);
    await cluster.kubectl('admin', ['create', 'clusterrolebinding', 'eve', '--clusterrole=see', '--user=eve']);
    await assert.rejects(stillframeHere(['checkpoint', 'default/counters', ...place('eve')]), (error: Error) => {
      assert.match(error.message, /ERR_CLUSTER_FORBIDDEN/);
      assert.match(error.message, /resources \["nodes\/proxy"\] and verbs \["create"\]/);
      return true;
    });
  });
});
