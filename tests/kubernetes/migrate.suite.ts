/** Migration between two nodes of real Kubernetes binaries, each on a host of its own, and what goes wrong on the way. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '@stillframe/testkit';
import { stillframeHere } from '../lab/here.ts';
import { type ClusterLab, openClusterLab, PATIENCE, skip } from './cluster-lab.ts';
import type { KubeletNode } from './kubelet.ts';

describe('migration between two real nodes', { skip }, () => {
  let here: ClusterLab;
  let second: KubeletNode;

  before(async () => {
    here = await openClusterLab();
    second = await here.openSecond();
  });
  after(async () => {
    await second?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
  });

  const stateOf = (pod: string) => join(here.lab.folder, `${pod}.json`);
  const move = (pod: string, image = `${here.lab.registry}/moves/${pod}:1`) => {
    const place = ['--to', 'node-2', '--image', image, '--state', stateOf(pod), '--patience', '90'];
    const moving = stillframeHere(['migrate', `default/${pod}`, ...place, ...here.fetching(), '-o', 'json']);
    // It is waited for after what is done meanwhile, which may fail first.
    moving.catch(() => undefined);
    return moving;
  };
  const stepOf = async (pod: string) => {
    const text = await readFile(stateOf(pod), 'utf8').catch(() => '{}');
    return (JSON.parse(text) as { step?: string }).step;
  };
  const until = async (pod: string, step: string) => {
    for (const deadline = Date.now() + PATIENCE; (await stepOf(pod)) !== step; await delay(20))
      assert.ok(Date.now() < deadline, `${pod} does not come as far as ${step}`);
  };
  /** It runs where it did, nobody else does, and nothing that was made for it is left. */
  const isUntouched = async (pod: string) => {
    await here.counted(here.node, pod, 3);
    assert.deepEqual([await here.pods(), await here.pods('kube-system')], [[pod], []]);
    await here.plane.kubectl('admin', ['delete', 'pod', pod, '--grace-period=0', '--wait']);
  };

  it('goes on where it was on the other node, and the original is gone', async () => {
    await here.count(here.node, 'walker');
    const told = JSON.parse((await move('walker')).stdout);
    assert.deepEqual(
      [told.step, told.source.node, told.target],
      ['removed', 'node-1', { node: 'node-2', pod: 'walker-moved' }],
    );
    assert.ok(told.times.lost > 0 && told.times.pauseAtMost > 0);
    await here.wentOn(second, 'walker-moved', new Date(told.answeredAt));
    for (const deadline = Date.now() + PATIENCE; (await here.pods()).includes('walker'); await delay(200))
      assert.ok(Date.now() < deadline, 'the original stays');
    await here.plane.kubectl('admin', ['delete', 'pod', 'walker-moved', '--grace-period=0', '--wait']);
  });

  it('waits for an API server that restarts meanwhile', async () => {
    await here.count(here.node, 'patient');
    const moving = move('patient');
    await until('patient', 'captured');
    await here.plane.stopApiServer();
    await delay(3000);
    await here.plane.startApiServer();
    const told = JSON.parse((await moving).stdout);
    assert.equal(told.step, 'removed');
    await here.wentOn(second, 'patient-moved', new Date(told.answeredAt));
    await here.plane.kubectl('admin', ['delete', 'pod', 'patient-moved', '--grace-period=0', '--wait']);
  });

  it('lets the original be where the registry is down', async () => {
    await here.count(here.node, 'stayer');
    await assert.rejects(move('stayer', `127.0.0.1:${await freePort()}/moves/stayer:1`), /ERR_/);
    assert.equal(await stepOf('stayer'), 'captured');
    await isUntouched('stayer');
  });

  it('ends where the original goes meanwhile, and keeps the copy where there is one by then', async () => {
    await here.count(here.node, 'goer');
    const moving = move('goer');
    await until('goer', 'captured');
    await here.plane.kubectl('admin', ['delete', 'pod', 'goer', '--grace-period=0', '--wait']);
    const error: Error = await moving.then(
      () => assert.fail('it is told as moved'),
      (reason) => reason,
    );
    assert.match(error.message, /ERR_CLUSTER_NOT_FOUND|ERR_CLUSTER_NOT_RUNNING|ERR_CLUSTER_MIGRATION_OPEN/);
    const expected = error.message.includes('ERR_CLUSTER_MIGRATION_OPEN') ? ['goer-moved'] : [];
    for (const deadline = Date.now() + PATIENCE; `${await here.pods()}` !== `${expected}`; await delay(200))
      assert.ok(Date.now() < deadline, `there are: ${await here.pods()}`);
    await here.plane.kubectl('admin', ['delete', 'pods', '--all', '--grace-period=0', '--wait']);
  });

  it('takes the copy back where it cannot be restored there', async () => {
    await here.count(here.node, 'taken');
    const reference = `${here.lab.registry}/moves/taken:1`;
    const moving = move('taken');
    await until('taken', 'published');
    // Whatever the name stands for by then, the copy is of the digest: the node of the other end is what fails.
    await here.plane.kubectl('admin', ['cordon', 'node-2']);
    await here.plane.kubectl('admin', ['taint', 'node', 'node-2', 'lab=shut:NoExecute']);
    await assert.rejects(moving, /ERR_CLUSTER_NOT_READY|ERR_CLUSTER_NOT_FOUND/, reference);
    await here.plane.kubectl('admin', ['uncordon', 'node-2']);
    await here.plane.kubectl('admin', ['taint', 'node', 'node-2', 'lab-']);
    await isUntouched('taken');
  });
});
