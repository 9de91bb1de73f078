import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openCheckpoint } from '@stillframe/checkpoint';
import { at, type JsonObject } from '@stillframe/core';
import { WEB } from '../fake-cluster.fixture.ts';
import { type NodeFacts, needsOf, preflight, type RestoreNeeds, restoreManifest } from '../index.ts';
import { compareVersions } from './versions.ts';

const NEEDS: RestoreNeeds = {
  ...{ container: 'app', pod: 'web', kubeNamespace: 'default', baseImage: 'app:1' },
  ...{ architecture: 'amd64', kernel: '6.1.0', cgroupVersion: 'v2', ociRuntime: 'runc' },
  ...{ cpuFeatures: ['AVX'], layouts: ['cri-o', 'containerd'] },
  binds: [{ path: '/etc/hosts', source: '/var/lib/kubelet/pods/x/etc-hosts' }],
};
const NODE: NodeFacts = {
  ...{ name: 'n', ready: true, cordoned: false, system: 'linux', architecture: 'amd64', kernel: '6.18.0' },
  ...{ kubelet: 'v1.36.3', runtime: 'containerd', runtimeVersion: '2.1.9', cpuFeatures: ['AVX', 'AVX512F'] },
  told: { criu: '4.2', cgroup: 'v2', 'oci-runtime': 'runc' },
};
const OPTIONS = { needs: NEEDS, image: 'r.example/c@sha256:1', name: 'web-restored', kubeNamespace: 'default' };

describe('preflight', () => {
  it('takes a node that has all of it', () => {
    const [result] = preflight(NEEDS, [NODE]);
    assert.deepEqual(
      result?.checks.filter(({ verdict }) => verdict !== 'fits'),
      [],
    );
    assert.equal(result?.verdict, 'fits');
  });

  const cases: [string, Partial<RestoreNeeds>, Partial<NodeFacts>, string, RegExp][] = [
    ['unfit', {}, { ready: false }, 'node is ready', /not ready/],
    ['unfit', {}, { cordoned: true }, 'node is ready', /cordoned/],
    ['unfit', {}, { architecture: 'arm64' }, 'architecture', /amd64, the node arm64/],
    ['unfit', { cpuFeatures: ['AVX', 'AMXTILE'] }, {}, 'CPU features', /AMXTILE, which/],
    ['unknown', {}, { cpuFeatures: undefined }, 'CPU features', /Node Feature Discovery/],
    ['unknown', { cpuFeatures: undefined }, {}, 'CPU features', /can be read/],
    ['unknown', { kernel: '6.20' }, {}, 'kernel', /older/],
    ['unfit', {}, { told: { ...NODE.told, criu: '4.1.1' } }, 'CRIU', /needs 4.2/],
    ['unknown', {}, { told: {} }, 'CRIU', /does not tell/],
    ['unfit', {}, { runtimeVersion: '2.0.5' }, 'runtime', /from 2.1 on/],
    ['unfit', {}, { runtimeVersion: '2.4.0' }, 'runtime', /no single containers/],
    ['unknown', {}, { runtimeVersion: '2.3.4' }, 'runtime', /enable_experimental/],
    ['unfit', {}, { runtime: 'docker', runtimeVersion: '29' }, 'runtime', /not known/],
    [
      'unfit',
      { layouts: ['containerd'] },
      { runtime: 'cri-o', runtimeVersion: '1.36' },
      'archive for the runtime',
      /--for cri-o/,
    ],
    ['unfit', { ociRuntime: 'crun' }, {}, 'OCI runtime', /of crun, the node has runc/],
    ['unfit', {}, { told: { ...NODE.told, cgroup: '1' } }, 'cgroups', /version 2, the node has 1/],
    ['unknown', { binds: [{ path: '/dev/nvidia0', source: undefined }] }, {}, 'devices', /nvidia0/],
  ];
  for (const [verdict, needs, node, check, reason] of cases) {
    it(`${verdict}: ${check}: ${String(reason)}`, () => {
      const [result] = preflight({ ...NEEDS, ...needs }, [{ ...NODE, ...node }]);
      const found = result?.checks.find((each) => each.check === check);
      assert.equal(found?.verdict, verdict);
      assert.match(found?.reason ?? '', reason);
      assert.equal(result?.verdict, verdict === 'unfit' ? 'unfit' : 'fits');
    });
  }

  it('compares versions by their numbers', () => {
    assert.ok(compareVersions('2.10.0', '2.9.9') > 0);
    assert.ok(compareVersions('v1.36', '1.36.0-rc.1') === 0);
    assert.ok(compareVersions('6.1.0-18-amd64', '6.16') < 0);
  });
});

describe('what a checkpoint needs', () => {
  const fixture = (name: string) => join(import.meta.dirname, '../../../checkpoint/fixtures', name);
  for (const [name, layouts] of [
    ['crio-counter.tar', ['cri-o']],
    ['containerd-counter.tar', ['containerd']],
  ] as const) {
    it(`is told by an archive: ${name}`, async () => {
      await using checkpoint = await openCheckpoint(fixture(name));
      const needs = await needsOf(checkpoint, { containerName: 'x', hostKernel: '6.18.0' });
      assert.deepEqual(
        { architecture: needs.architecture, kernel: needs.kernel, layouts: needs.layouts },
        { architecture: 'amd64', kernel: '6.18.0', layouts },
      );
      assert.ok(Array.isArray(needs.cpuFeatures));
    });
  }
});

describe('the pod that restores', () => {
  it('is as little as will do where nothing more is known', () => {
    const { pod, notes } = restoreManifest({
      ...OPTIONS,
      like: undefined,
      nodes: ['n', 'm'],
      runtimes: ['containerd'],
    });
    assert.deepEqual(at(pod, 'spec', 'containers'), [
      { name: 'app', imagePullPolicy: 'IfNotPresent', image: OPTIONS.image },
    ]);
    const terms = at(
      pod,
      ...'spec affinity nodeAffinity requiredDuringSchedulingIgnoredDuringExecution nodeSelectorTerms'.split(' '),
    );
    assert.deepEqual(
      terms,
      ['n', 'm'].map((node) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] })),
    );
    assert.match(notes.join('\n'), /same checkpoint again/);
    assert.equal(at(pod, 'spec', 'automountServiceAccountToken'), false);
  });

  it('is like the one that was captured, without what its cluster added', () => {
    const mounts = [
      { name: 'data', mountPath: '/data/' },
      { name: 'kube-api-access-x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ];
    const like: JsonObject = {
      ...WEB,
      spec: {
        ...WEB.spec,
        containers: [
          { name: 'app', image: 'app:1', env: [{ name: 'A', value: 'b' }], volumeMounts: mounts },
          { name: 'side' },
        ],
        volumes: [
          { name: 'data', emptyDir: {} },
          { name: 'kube-api-access-x', projected: {} },
        ],
      },
    };
    const binds = [
      ...NEEDS.binds,
      ...mounts.map(({ mountPath }) => ({ path: mountPath.replace(/\/$/, ''), source: '/x' })),
    ];
    const needs = { ...NEEDS, binds };
    const { pod, notes } = restoreManifest({ ...OPTIONS, needs, like, nodes: ['n'], runtimes: ['cri-o'] });
    assert.deepEqual(at(pod, 'metadata'), {
      ...{ name: 'web-restored', namespace: 'default', labels: { 'app.kubernetes.io/managed-by': 'stillframe' } },
      annotations: { 'io.stillframe.cluster/restored-from': OPTIONS.image },
    });
    const spec = at(pod, 'spec');
    assert.equal(at(spec, 'nodeName'), undefined);
    assert.equal(at(spec, 'automountServiceAccountToken'), true);
    assert.deepEqual(at(spec, 'containers', 0), {
      ...{ name: 'app', image: OPTIONS.image, env: [{ name: 'A', value: 'b' }], volumeMounts: [mounts[0]] },
    });
    assert.deepEqual(at(spec, 'volumes'), [
      { name: 'data', emptyDir: {} },
      { name: 'stillframe-base-image', image: { reference: 'app:1', pullPolicy: 'IfNotPresent' } },
    ]);
    assert.match(notes.join('\n'), /other containers of the pod begin anew/);
  });

  it('is refused where it lacks a mount, or the container', () => {
    const like = WEB;
    const lacking = { ...OPTIONS, like, nodes: ['n'], runtimes: [] };
    const binds = [{ path: '/data', source: '/x' }];
    assert.throws(() => restoreManifest({ ...lacking, needs: { ...NEEDS, binds } }), {
      code: 'ERR_CLUSTER_MOUNTS',
      message: /\/data/,
    });
    assert.throws(() => restoreManifest({ ...lacking, needs: { ...NEEDS, container: 'x' } }), {
      code: 'ERR_CLUSTER_MOUNTS',
    });
  });
});
