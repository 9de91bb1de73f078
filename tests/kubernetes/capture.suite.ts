/**
 * Checkpoint and restore through the API server of real Kubernetes binaries. Run by hand, after build.sh: `sh
 * tests/kubernetes/test.sh`. What the binaries answered goes to packages/kubernetes/recorded/answers.json.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { RegistryClient } from '@stillframe/oci';
import { buildEngineImages, startContainerd } from '../lab/engines.ts';
import { stillframeHere } from '../lab/here.ts';
import { type ClusterLab, openClusterLab, skip } from './cluster-lab.ts';
import { openRecorder, type Recorder } from './record.ts';

const WEB = { name: 'web', image: 'web:1' };

describe('checkpoint and restore in a real cluster', { skip }, () => {
  let here: ClusterLab;
  let recorder: Recorder;

  before(async () => {
    here = await openClusterLab();
    recorder = openRecorder(here);
    await here.count(here.node, 'counters');
  });
  after(async () => {
    await here?.[Symbol.asyncDispose]();
    await recorder?.save();
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
    const since = new Date();
    await stillframeHere(['restore', reference, '--to-cluster', ...here.as(), '--name', 'again']);
    await here.ready('again');
    await here.wentOn(here.node, 'again', since);
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
    const checkpoint = (node: string, container: string) => ({
      ...{ method: 'POST' as const, path: `/api/v1/nodes/${node}/proxy/checkpoint/default/${container}?timeout=120` },
    });
    const pod = (name: string) => `/api/v1/namespaces/default/pods/${name}`;
    const counter = checkpoint('node-1', 'counters/counter');
    assert.equal(await recorder.ask('a user without nodes/proxy', 'eve', counter), 403);
    assert.equal(await recorder.ask('a pod that went', 'admin', checkpoint('node-1', 'none/counter')), 404);
    assert.equal(await recorder.ask('no such container', 'admin', checkpoint('node-1', 'counters/none')), 404);
    assert.equal(await recorder.ask('a node that is gone', 'admin', checkpoint('none', 'counters/counter')), 404);
    assert.equal(await recorder.ask('a checkpoint', 'admin', counter), 200);
    assert.equal(await recorder.ask('a pod', 'admin', { method: 'GET', path: pod('counters') }), 200);
    assert.equal(await recorder.ask('no pod', 'admin', { method: 'GET', path: pod('none') }), 404);
    assert.equal(await recorder.ask('nodes', 'admin', { method: 'GET', path: '/api/v1/nodes?limit=500' }), 200);
    assert.equal(await recorder.ask('nodes, to eve', 'eve', { method: 'GET', path: '/api/v1/nodes' }), 403);
    const again = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'counters' }, spec: { containers: [WEB] } };
    const create = { method: 'POST' as const, path: '/api/v1/namespaces/default/pods', body: again };
    assert.equal(await recorder.ask('a name that is taken', 'admin', create), 409);
    const another = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } };
    const remove = { method: 'DELETE' as const, path: pod('counters'), body: another };
    assert.equal(await recorder.ask('a pod of another uid', 'admin', remove), 409);
    const none = { method: 'DELETE' as const, path: pod('none') };
    assert.equal(await recorder.ask('a pod that is gone already', 'admin', none), 404);
  });

  it('answers so for a node without the feature, and for one that does not answer', async () => {
    const proxied = { method: 'POST' as const, path: '/api/v1/nodes/other/proxy/checkpoint/default/counters/counter' };
    const without = await here.openOther(join(here.lab.folder, 'state/cri.sock'), { ContainerCheckpoint: false });
    await using _end = without;
    assert.equal(await recorder.ask('a node without the feature', 'admin', proxied), 404);
    await without.kill();
    assert.ok((await recorder.ask('a node that does not answer', 'admin', proxied)) >= 500);
  });

  it('answers so for a runtime without CRIU, and its container goes on', async () => {
    const images = join(here.lab.folder, 'engine-images');
    await mkdir(images);
    await using client = new RegistryClient(here.lab.registry);
    await buildEngineImages((repository) => client.repository(repository), images);
    await using theirs = await startContainerd(join(here.lab.folder, 'engine'), here.lab.registry, '/nonexistent');
    await using node = await here.openOther(theirs.socket);
    await here.count(node, 'theirs', `${here.lab.registry}/engines:v1`);
    const path = '/api/v1/nodes/other/proxy/checkpoint/default/theirs/counter';
    assert.equal(await recorder.ask('a runtime without CRIU', 'admin', { method: 'POST', path }), 500);
    await assert.rejects(
      stillframeHere(['checkpoint', 'default/theirs', ...here.fetching()]),
      /ERR_CLUSTER_NODE_NO_CRIU/,
    );
    await here.counted(node, 'theirs', 2);
    await here.plane.kubectl('admin', ['delete', 'pod', 'theirs', '--grace-period=0', '--wait']);
  });
});
