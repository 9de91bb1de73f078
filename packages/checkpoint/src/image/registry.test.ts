import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesSource, digestOf } from '@stillframe/core';
import { openAddressSpace } from '@stillframe/criu-image';
import { RegistryClient } from '@stillframe/oci';
import { needs, startRegistry } from '@stillframe/testkit';
import { seekableZstd } from '../archive/zstd-seekable.fixture.ts';
import { openCheckpoint } from '../checkpoint.ts';
import { readCommandLine } from '../process/command-line.ts';
import { readStrings } from '../process/memory-strings.ts';
import { readProcesses } from '../process/process-tree.ts';
import { convertArchive } from './convert.ts';
import { openCheckpointImage } from './open.ts';

const fixture = fileURLToPath(new URL('../../fixtures/podman-redis.tar', import.meta.url));

test('a checkpoint in a registry is read where it lies', needs('docker-registry'), async () => {
  await using registry = await startRegistry();
  await using client = new RegistryClient(registry.address);
  const repository = client.repository('checkpoints/redis');
  await using local = await openCheckpoint(fixture);
  const converted = await convertArchive(local, repository, { tag: 'latest' });
  assert.equal(converted.way, 'pushed');

  await using remote = await openCheckpointImage(repository, 'latest');
  assert.deepEqual(remote.metadata, local.metadata);
  assert.equal(remote.archive.bytes?.locator?.kind, 'blob');
  const processes = await readProcesses(remote.images);
  assert.deepEqual(processes, await readProcesses(local.images));
  const { arguments: given } = await readCommandLine(remote.images, 16);
  assert.deepEqual(given, { state: 'present', values: ['redis-cli', 'subscribe', 'news'], partial: false });
  const space = (await openAddressSpace(remote.images, 6)) ?? assert.fail();
  const texts = await Array.fromAsync(readStrings(space, { minimum: 16 }));
  assert.equal(texts.filter(({ text }) => text.includes('4111111111111111')).length, 1);
});

test('an archive that is not what was recorded gets no tag in a registry', needs('docker-registry'), async () => {
  await using registry = await startRegistry();
  await using client = new RegistryClient(registry.address);
  const repository = client.repository('checkpoints/redis');
  await using local = await openCheckpoint(fixture);
  const recordedDigest = digestOf(await readFile(fixture));
  const { layer } = await convertArchive(local, repository, { tag: 'sound', recordedDigest });
  assert.equal(layer.digest, recordedDigest);
  const bytes = await readFile(fixture);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await using changed = await openCheckpoint(bytesSource(bytes));
  // Where the registry has the sound one already nothing would be sent, and nothing noticed.
  for (const recorded of [recordedDigest, digestOf(Buffer.from('another'))])
    await assert.rejects(convertArchive(changed, repository, { tag: 'changed', recordedDigest: recorded }), {
      code: 'ERR_CHECKPOINT_DIGEST_MISMATCH',
    });
  await assert.rejects(repository.resolve('changed'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
});

test('a layer of seekable zstd is read by frames, without a copy', needs('docker-registry'), async () => {
  await using registry = await startRegistry();
  await using client = new RegistryClient(registry.address);
  const repository = client.repository('checkpoints/redis');
  await using local = await openCheckpoint(bytesSource(seekableZstd(await readFile(fixture), 64 << 10)));
  await convertArchive(local, repository, { tag: 'latest' });
  await using remote = await openCheckpointImage(repository, 'latest', { cacheFolder: '/nonexistent' });
  assert.equal(remote.archive.access, 'frames');
  assert.deepEqual(await readProcesses(remote.images), await readProcesses(local.images));
});
