import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { codePoint } from '@stillframe/testkit/text';
import fc from 'fast-check';
import { openCheckpoint } from '../checkpoint.ts';
import { entry, tarOf } from './tar.fixture.ts';
import {
  encodeBindMounts,
  encodeConfigDump,
  encodeDeletedFiles,
  encodeSpecDump,
  type SourceFacts,
} from './writer-metadata.ts';

const id = 'c'.repeat(64);
const facts: SourceFacts = {
  containerID: id,
  containerName: 'counter',
  attempt: 2,
  podName: 'counters',
  kubeNamespace: 'shop',
  podUid: '7d1c1c34-3c6c-4b16-a63f-4bb2a2ff4b5d',
  sandboxID: 'd'.repeat(64),
  image: {
    requested: 'busybox',
    name: 'localhost/busybox:1',
    id: 'a'.repeat(64),
    repoDigests: ['localhost/busybox@sha256:0'],
  },
  ociRuntime: 'runc',
  createdAt: '2026-11-24T01:02:03.000000004Z',
  checkpointedAt: '2026-11-24T01:03:00.500Z',
  restored: true,
  labels: { app: 'counter' },
  annotations: { note: 'kept', 'io.container.manager': 'libpod', 'io.stillframe.checkpoint.true-pause-us': '0' },
  logPath: '/var/log/pods/counter/0.log',
  engineVersion: '0.1.0',
  criuVersion: '4.2.1',
  truePause: 81_234,
  rootfsDiff: 'frozen',
};
const spec = {
  ociVersion: '1.0.2',
  annotations: { dropped: 'by ours' },
  mounts: [{ destination: '/data', type: 'bind', source: '/srv/data', options: ['rbind', 'ro'] }],
};

async function readBack(some: SourceFacts, others: Record<string, Uint8Array | undefined> = {}) {
  const documents = { 'config.dump': encodeConfigDump(some), 'spec.dump': encodeSpecDump(spec, some), ...others };
  const parts = Object.entries(documents).map(([name, body]) => entry(name, body ?? ''));
  await using checkpoint = await openCheckpoint(bytesSource(tarOf(...parts)));
  return { metadata: checkpoint.metadata, documents: checkpoint.documents, diagnostics: checkpoint.diagnostics() };
}

test('what we write is known as ours, although it is CRI-O’s layout and the container claims another engine', async () => {
  const { metadata, diagnostics } = await readBack(facts);
  assert.equal(metadata.engine, 'stillframe');
  assert.equal(metadata.engineVersion, '0.1.0');
  assert.deepEqual(metadata.capture, {
    engineVersion: '0.1.0',
    criuVersion: '4.2.1',
    truePause: 81_234,
    rootfsDiff: 'frozen',
  });
  assert.deepEqual(
    diagnostics.map((found) => found.source),
    ['inventory.img'],
  );
});

test('every fact is read back as it was given', async () => {
  const { metadata } = await readBack(facts);
  assert.deepEqual(metadata.container, {
    id,
    name: 'counter',
    podName: 'counters',
    kubeNamespace: 'shop',
    podUid: facts.podUid,
    sandboxId: facts.sandboxID,
  });
  assert.deepEqual(metadata.image, { name: 'localhost/busybox:1', ref: 'a'.repeat(64), requested: 'busybox' });
  const { ociRuntime, created, checkpointed, restored, labels, annotations } = metadata;
  assert.deepEqual([ociRuntime, created, checkpointed], ['runc', facts.createdAt, facts.checkpointedAt]);
  assert.equal(restored, true);
  assert.deepEqual(labels, facts.labels);
  assert.deepEqual(annotations, facts.annotations);
  assert.deepEqual(
    metadata.mounts.map(({ destination, type }) => [destination, type]),
    [['/data', 'bind']],
  );
});

test('any names, labels and annotations come back unchanged', async () => {
  const text = fc.string({ unit: codePoint, minLength: 1, maxLength: 60 }).map((raw) => raw.toWellFormed());
  const pairs = fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    text,
    { maxKeys: 5, noNullPrototype: true },
  );
  await fc.assert(
    fc.asyncProperty(text, pairs, pairs, async (containerName, labels, annotations) => {
      const { metadata } = await readBack({ ...facts, containerName, labels, annotations });
      assert.equal(metadata.container.name, containerName);
      assert.deepEqual(metadata.labels, labels);
      assert.deepEqual(metadata.annotations, annotations);
    }),
    { numRuns: 50 },
  );
});

test('bind mounts and deletions are read back, and left out where there are none', async () => {
  const mount = { source: '/srv/data', destination: '/data', fileType: 'directory', permissions: 0o755 } as const;
  const { documents } = await readBack(facts, {
    'bind.mounts': encodeBindMounts([mount]),
    'deleted.files': encodeDeletedFiles(['/etc/motd', '/srv/a b']),
  });
  assert.deepEqual(documents.bindMounts, [mount]);
  assert.deepEqual(documents.deletedFiles, ['/etc/motd', '/srv/a b']);
  assert.equal(encodeBindMounts([]), undefined);
  assert.equal(encodeDeletedFiles([]), undefined);
});
