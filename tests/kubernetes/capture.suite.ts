/**
 * Checkpoint and restore through the API server of real Kubernetes binaries. Run by hand, after build.sh: `sh
 * tests/kubernetes/test.sh`. What the binaries answered goes to packages/kubernetes/recorded/answers.json.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openClusterApi, openKubeconfig } from '@stillframe/kubernetes';
import { stillframeHere } from '../lab/here.ts';
import { type ClusterLab, openClusterLab, skip } from './cluster-lab.ts';

const RECORDED = join(import.meta.dirname, '../../packages/kubernetes/recorded/answers.json');

describe('checkpoint and restore in a real cluster', { skip }, () => {
  let here: ClusterLab;
  const recorded: { name: string; request: string; status: number; body: string }[] = [];

  before(async () => {
    here = await openClusterLab();
    await here.count('counters');
    await here.counted(here.node, 'counters', 3);
  });
  after(async () => {
    await here?.[Symbol.asyncDispose]();
    if (recorded.length === 0) return;
    await mkdir(join(RECORDED, '..'), { recursive: true });
    await writeFile(RECORDED, `${JSON.stringify(recorded, undefined, 2)}\n`);
  });

  it('gives a checkpoint through the API server, fetched and hashed, and the container goes on', async () => {
    const out = join(here.lab.folder, 'a.tar');
    const words = ['checkpoint', 'default/counters', ...here.fetching(), '-e', out, '-o', 'json'];
    const told = JSON.parse((await stillframeHere(words)).stdout);
    assert.equal(told.archive, out);
    assert.match(told.nodeArchive, /checkpoints\/checkpoint-counters_default-counter-/);
    const context = JSON.parse(await readFile(told.clusterContext, 'utf8'));
    assert.equal(context.pod.metadata.name, 'counters');
    assert.match(context.logs.counter.current.found, /count 1\n/);
    const numbers = await here.counted(here.node, 'counters', 3);
    const inTurn = numbers.map((_n, at) => at + 1);
    assert.deepEqual(numbers, inTurn, 'no number skipped or repeated');
    assert.deepEqual(await here.pods('kube-system'), []);
  });

  it('restores it by a pod that the scheduler places, and the count goes on', async () => {
    const reference = `${here.lab.registry}/checkpoints/counters:1`;
    await stillframeHere(['image', 'build', join(here.lab.folder, 'a.tar'), reference]);
    await stillframeHere(['restore', reference, '--to-cluster', ...here.as(), '--name', 'again']);
    await here.ready('again');
    const counted = await here.counted(here.node, 'again', 5);
    const first = counted[0] ?? 0;
    assert.ok(first > 3, `the copy begins at ${first}`);
    const inTurn = counted.map((_n, at) => first + at);
    assert.deepEqual(counted, inTurn, 'it goes on where it was');
  });

  it('says which right a user lacks, and lets the container be', async () => {
    await here.plane.kubectl('admin', ['create', 'clusterrole', 'see', '--verb=get', '--resource=pods']);
    await here.plane.kubectl('admin', ['create', 'clusterrolebinding', 'eve', '--clusterrole=see', '--user=eve']);
    await assert.rejects(stillframeHere(['checkpoint', 'default/counters', ...here.as('eve')]), (error: Error) => {
      assert.match(error.message, /ERR_CLUSTER_FORBIDDEN/);
      assert.match(error.message, /resources \["nodes\/proxy"\] and verbs \["create"\]/);
      return true;
    });
    await here.counted(here.node, 'counters', 2);
  });

  it('answers as the contract suite has it', async () => {
    const ask = async (name: string, user: string, path: string) => {
      const api = openClusterApi(await openKubeconfig({ file: here.plane.kubeconfig(user), env: {} }));
      const answer = await api.ask({ method: 'POST', path: `/api/v1/nodes/${path}?timeout=120`, seconds: 150 });
      recorded.push({ name, request: `POST /api/v1/nodes/${path}`, ...answer });
      return answer.status;
    };
    const proxied = (node: string, container: string) => `${node}/proxy/checkpoint/default/${container}`;
    assert.equal(await ask('forbidden user', 'eve', proxied('node-1', 'counters/counter')), 403);
    assert.equal(await ask('no such pod', 'admin', proxied('node-1', 'none/counter')), 404);
    assert.equal(await ask('no such container', 'admin', proxied('node-1', 'counters/none')), 404);
    assert.equal(await ask('no such node', 'admin', proxied('none', 'counters/counter')), 404);
    assert.equal(await ask('made', 'admin', proxied('node-1', 'counters/counter')), 200);
    await using without = await here.openOther(join(here.lab.folder, 'state/cri.sock'), { ContainerCheckpoint: false });
    assert.equal(await ask('node without the feature', 'admin', proxied(without.name, 'counters/counter')), 404);
  });
});
