/** A real kubelet over containerd and over CRI-O: checkpoint through the API server, image, and a pod that goes on from it. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { RegistryClient } from '@stillframe/oci';
import { needs } from '@stillframe/testkit';
import { startCrio } from '../lab/crio.ts';
import { buildEngineImages, type Engine, startContainerd } from '../lab/engines.ts';
import { stillframeHere } from '../lab/here.ts';
import { type ClusterLab, openClusterLab, skip } from './cluster-lab.ts';
import type { KubeletNode } from './kubelet.ts';

const RUNTIMES = [
  { name: 'containerd', gate: needs('checkpoint', 'containerd'), open: startContainerd },
  { name: 'cri-o', gate: needs('checkpoint', 'cri-o'), open: startCrio },
];

for (const { name, gate, open } of RUNTIMES) {
  describe(`a real kubelet over ${name}`, skip ? { skip } : gate, () => {
    let here: ClusterLab;
    let theirs: Engine;
    let node: KubeletNode;

    before(async () => {
      here = await openClusterLab();
      const images = join(here.lab.folder, 'engine-images');
      await mkdir(images);
      await using client = new RegistryClient(here.lab.registry);
      await buildEngineImages((repository) => client.repository(repository), images);
      theirs = await open(join(here.lab.folder, 'engine'), here.lab.registry);
      node = await here.openOther(theirs.socket);
      await here.count(node, 'theirs', `${here.lab.registry}/engines:v1`);
    });
    after(async () => {
      await here?.plane.kubectl('admin', ['delete', 'pods', '--all', '-A', '--grace-period=0', '--wait']);
      await node?.[Symbol.asyncDispose]();
      await theirs?.[Symbol.asyncDispose]();
      await here?.[Symbol.asyncDispose]();
    });

    it('gives a checkpoint, restores it in a new pod on the same node, and the count goes on', async () => {
      const archive = join(here.lab.folder, 'theirs.tar');
      await stillframeHere(['checkpoint', 'default/theirs', ...here.fetching(), '-e', archive]);
      const reference = `${here.lab.registry}/checkpoints/theirs:1`;
      await stillframeHere(['image', 'build', archive, reference, '--for', name]);
      await here.plane.kubectl('admin', ['cordon', 'node-1']);
      const since = new Date();
      await stillframeHere(['restore', reference, '--to-cluster', ...here.as(), '--name', 'again']);
      await here.ready('again');
      await here.wentOn(node, 'again', since);
      const told = [
        'get',
        'events',
        '--field-selector',
        'involvedObject.name=again,reason=InspectFailed',
        '-o',
        'name',
      ];
      assert.equal(await here.plane.kubectl('admin', told), '', 'the base image has a name that can be pulled');
    });
  });
}
