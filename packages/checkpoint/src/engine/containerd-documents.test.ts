import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { openArchive } from '../archive/open.ts';
import { containerdConfigDump, encodeStatus, encodeStatusDump, encodeWhiteouts } from './containerd-documents.ts';
import type { TargetFacts } from './target.ts';

const facts: TargetFacts = {
  containerID: 'c1',
  containerName: 'counter',
  attempt: 0,
  podName: 'p',
  kubeNamespace: 'default',
  podUid: 'u',
  sandboxID: 's1',
  image: { requested: 'r/i:v1', name: 'r/i:v1', repoDigests: [`r/i@sha256:${'a'.repeat(64)}`] },
  createdAt: '2026-11-24T04:00:00.123456789Z',
  startedAt: '2026-11-24T04:00:01Z',
  checkpointedAt: '2026-11-24T04:00:02Z',
  labels: {},
  annotations: { note: '"@5@"' },
  logPath: '/var/log/0.log',
};
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test('nanoseconds stand as whole numbers, which a double would round', () => {
  assert.match(text(encodeStatusDump(facts)), /"created_at":1795492800123456789,"started_at":1795492801000000000,/);
  assert.match(text(encodeStatus(facts)), /"CreatedAt":1795492800123456789,/);
});

test('text of the container is not taken for a number', () => {
  const status = JSON.parse(text(encodeStatusDump(facts))) as { annotations: Record<string, string> };
  assert.equal(status.annotations['note'], '"@5@"');
});

test('the base image is named by a digest that can be pulled, by name where none is known', () => {
  assert.equal(containerdConfigDump(facts)['rootfsImageRef'], facts.image.repoDigests[0]);
  const local = { ...facts, image: { ...facts.image, repoDigests: [] } };
  assert.equal(containerdConfigDump(local)['rootfsImageRef'], 'r/i:v1');
});

test('deletions become whiteouts beside what they hide, however long the name', async () => {
  const long = `/a/${'n'.repeat(200)}`;
  const tar = encodeWhiteouts(['/bin/nc', '/top', long], 1);
  await using archive = await openArchive(bytesSource(Buffer.from(tar)), { role: 'filesystem' });
  assert.deepEqual([...archive.entries.keys()], ['bin/.wh.nc', '.wh.top', `a/.wh.${'n'.repeat(200)}`]);
});
