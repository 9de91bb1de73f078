import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { entry, tarOf } from '../archive/tar.fixture.ts';
import { openCheckpoint } from '../checkpoint.ts';

async function metadataOf(annotations: Record<string, string>, others: Record<string, string> = {}) {
  const documents = { 'spec.dump': JSON.stringify({ annotations }), 'config.dump': '{}', ...others };
  const parts = Object.entries(documents).map(([name, text]) => entry(name, text));
  await using checkpoint = await openCheckpoint(bytesSource(tarOf(...parts)));
  return checkpoint.metadata;
}

test('our own annotation decides before CRI-O’s, which our archives carry too', async () => {
  const crio = { 'io.container.manager': 'cri-o' };
  assert.equal((await metadataOf(crio)).engine, 'cri-o');
  const ours = await metadataOf({
    ...crio,
    'io.stillframe.checkpoint.version': '0.1.0',
    'io.stillframe.checkpoint.true-pause-us': '1234',
    'io.kubernetes.cri-o.Metadata': '{"name":"counter","attempt":2}',
    'io.kubernetes.pod.name': 'counters',
  });
  assert.equal(ours.engine, 'stillframe');
  assert.equal(ours.capture?.truePause, 1234);
  assert.equal(ours.container.name, 'counter');
  assert.equal(ours.container.podName, 'counters');
});

test('containerd is known by its annotations or by status.dump, podman by its manager', async () => {
  assert.equal((await metadataOf({ 'io.kubernetes.cri.sandbox-name': 'p' })).engine, 'containerd');
  assert.equal((await metadataOf({}, { 'status.dump': '{}' })).engine, 'containerd');
  assert.equal((await metadataOf({ 'io.container.manager': 'libpod' })).engine, 'podman');
});

test('an archive of nobody known still gives what is common to all', async () => {
  const metadata = await metadataOf({}, { 'config.dump': '{"id":"abc"}', 'ctr.log': 'x' });
  assert.equal(metadata.engine, undefined);
  assert.equal(metadata.container.id, 'abc');
  assert.equal(metadata.logEntry, 'ctr.log');
});

test('an archive of something else is no checkpoint', async () => {
  await assert.rejects(openCheckpoint(bytesSource(tarOf(entry('etc/passwd', 'root')))), {
    code: 'ERR_CHECKPOINT_INCOMPLETE',
  });
});

test('annotations that should hold JSON and do not are taken for empty', async () => {
  const metadata = await metadataOf({
    'io.container.manager': 'cri-o',
    'io.kubernetes.cri-o.Labels': '{',
    'io.kubernetes.cri-o.Metadata': '3',
  });
  assert.deepEqual(metadata.labels, {});
});

test('Docker’s folder of a container tells whose checkpoint it is', async () => {
  const config = {
    ID: 'abc',
    Name: '/web',
    Image: 'sha256:1',
    Config: { Image: 'app:1', Labels: { tier: 'front' } },
    LogPath: '/var/lib/docker/containers/abc/abc-json.log',
  };
  const archive = tarOf(
    entry('config.v2.json', JSON.stringify(config)),
    entry('abc-json.log', 'line'),
    entry('checkpoints/one/inventory.img', ''),
  );
  await using checkpoint = await openCheckpoint(bytesSource(archive));
  const { engine, container, image, logEntry, labels } = checkpoint.metadata;
  assert.deepEqual(
    [engine, container.id, container.name, image.ref, image.requested, logEntry, labels],
    ['docker', 'abc', 'web', 'sha256:1', 'app:1', 'abc-json.log', { tier: 'front' }],
  );
});
