import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { at, digestOf } from '@stillframe/core';
import { openTemporaryFolder, type TemporaryFolder } from '@stillframe/core/file';
import { type FakeCluster, openFakeCluster, statusAnswer } from '../fake-cluster.fixture.ts';
import { type ClusterApi, fetchArchive, openClusterApi } from '../index.ts';

const NAME = 'checkpoint-web_default-app-2026-01-01T00:00:00Z.tar';

describe('fetching an archive', () => {
  let cluster: FakeCluster;
  let api: ClusterApi;
  let folder: TemporaryFolder;
  const bytes = randomBytes(300_000);
  const options = () => ({
    ...{ node: 'node-1', archive: `/var/lib/kubelet/checkpoints/${NAME}` },
    ...{ kubeNamespace: 'kube-system', image: 'busybox', to: join(folder.path, 'a.tar') },
  });
  before(async () => {
    cluster = await openFakeCluster();
    api = openClusterApi(cluster.access);
    folder = await openTemporaryFolder(tmpdir());
    await writeFile(join(cluster.checkpoints, NAME), bytes);
  });
  after(async () => {
    await cluster[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    cluster.requests.length = 0;
    cluster.refuse = () => undefined;
    cluster.written = (_command, bytes) => bytes;
    cluster.created = (pod) => ({ ...pod, status: { containerStatuses: [{ name: 'fetch', state: { running: {} } }] } });
  });
  const nothingLeft = async () => {
    assert.deepEqual(cluster.pods('stillframe-fetch-'), []);
    assert.deepEqual(await readdir(folder.path), []);
  };

  it('whole, by a pod that can do nothing else and is gone afterwards', async () => {
    const made = await fetchArchive(api, options());
    assert.deepEqual(made, { digest: digestOf(bytes), size: bytes.length });
    assert.ok((await readFile(options().to)).equals(bytes));
    const created = cluster.requests.find(({ line }) => line === 'POST /api/v1/namespaces/kube-system/pods');
    const spec = at(created?.body, 'spec');
    assert.equal(at(spec, 'nodeName'), 'node-1');
    assert.equal(at(spec, 'automountServiceAccountToken'), false);
    assert.deepEqual(at(spec, 'volumes'), [
      { name: 'checkpoints', hostPath: { path: '/var/lib/kubelet/checkpoints', type: 'Directory' } },
    ]);
    assert.deepEqual(at(spec, 'containers', 0, 'volumeMounts'), [
      { name: 'checkpoints', mountPath: '/checkpoints', readOnly: true },
    ]);
    assert.deepEqual(cluster.pods('stillframe-fetch-'), []);
    await assert.rejects(fetchArchive(api, options()), { code: 'ERR_FILE_EXISTS' });
    await rm(options().to);
    await nothingLeft();
  });

  it('refuses one that changed on its way, was cut off, or is not there', async () => {
    cluster.written = ([command], out) =>
      command === 'cat' ? Buffer.concat([Buffer.from('x'), out.subarray(1)]) : out;
    await assert.rejects(fetchArchive(api, options()), { code: 'ERR_CLUSTER_TRANSFER' });
    await nothingLeft();
    cluster.written = ([command], out) => (command === 'cat' ? Buffer.concat([out, out]) : out);
    await assert.rejects(fetchArchive(api, options()), { code: 'ERR_CLUSTER_TRANSFER' });
    await nothingLeft();
    cluster.written = ([command], out) => (command === 'cat' ? undefined : out);
    await assert.rejects(fetchArchive(api, options()), { code: /ERR_CLUSTER_(?:EXEC|UNREACHABLE)/ });
    await nothingLeft();
    cluster.written = (_command, out) => out;
    const other = { ...options(), archive: options().archive.replace('web', 'none') };
    await assert.rejects(fetchArchive(api, other), { code: 'ERR_CLUSTER_EXEC', message: /No such file/ });
    await nothingLeft();
  });

  it('mounts no other folder, whatever a kubelet answers', async () => {
    for (const archive of [
      '/etc/shadow',
      `/${NAME}`,
      `/x/../checkpoints/${NAME}`,
      '/var/checkpoints/checkpoint-;.tar',
    ]) {
      await assert.rejects(fetchArchive(api, { ...options(), archive }), { code: 'ERR_CLUSTER_ANSWER' });
    }
    assert.deepEqual(cluster.requests, []);
  });

  it('removes a pod that does not start, one that may not be entered, and one that it left in the middle', async () => {
    const waiting = { reason: 'ErrImageNeverPull', message: 'not present' };
    cluster.created = (pod) => ({
      ...pod,
      status: { phase: 'Pending', containerStatuses: [{ state: { waiting } }] },
    });
    await assert.rejects(fetchArchive(api, options()), {
      code: 'ERR_CLUSTER_NOT_RUNNING',
      message: /ErrImageNeverPull not present/,
    });
    await nothingLeft();
    cluster.created = (pod) => ({ ...pod, status: { containerStatuses: [{ state: { running: {} } }] } });
    cluster.refuse = (line) =>
      line.endsWith('/exec')
        ? statusAnswer(
            403,
            'Forbidden',
            'pods "x" is forbidden: User "eve" cannot create resource "pods/exec" in API group "" in the namespace "kube-system"',
          )
        : undefined;
    await assert.rejects(fetchArchive(api, options()), (error: { code: string; hint: string }) => {
      assert.deepEqual(
        { code: error.code, hint: error.hint },
        {
          code: 'ERR_CLUSTER_FORBIDDEN',
          hint: 'a Role in the namespace kube-system with apiGroups [""], resources ["pods/exec"] and verbs ["create"] allows it',
        },
      );
      return true;
    });
    await nothingLeft();
    cluster.refuse = () => undefined;
    const ending = new AbortController();
    cluster.written = (_command, out) => {
      ending.abort(new Error('enough'));
      return out;
    };
    await assert.rejects(fetchArchive(api, { ...options(), signal: ending.signal }), { message: 'enough' });
    await nothingLeft();
  });

  it('tells a namespace that allows no such pod', async () => {
    const message =
      'pods "x" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes (volume "checkpoints")';
    cluster.refuse = (line) => (line.startsWith('POST') ? statusAnswer(403, 'Forbidden', message) : undefined);
    await assert.rejects(fetchArchive(api, options()), (error: { code: string; hint: string }) => {
      assert.equal(error.code, 'ERR_CLUSTER_REFUSED');
      assert.match(error.hint, /--fetch-namespace/);
      return true;
    });
    await nothingLeft();
  });
});
