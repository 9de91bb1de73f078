import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type ByteSource, bytesSource, digestOf } from '@stillframe/core';
import { Layout, mediaTypes, parseImageConfig, parseManifest } from '@stillframe/oci';
import { openCheckpoint } from '../checkpoint.ts';
import { cachedSource } from './block-cache.ts';
import { convertArchive } from './convert.ts';
import { findCheckpointImage } from './detect.ts';
import { extractArchive } from './extract.ts';
import { openCheckpointImage } from './open.ts';

const fixture = fileURLToPath(new URL('../../fixtures/crio-counter.tar', import.meta.url));

async function workspace(t: TestContext) {
  const path = await mkdtemp(join(tmpdir(), 'stillframe-test-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  const archive = join(path, 'counter.tar');
  await writeFile(archive, await readFile(fixture));
  return { path, archive, layout: await Layout.create(join(path, 'layout')) };
}

test('an archive becomes an image whose layer is the archive file itself', async (t) => {
  const { archive, layout } = await workspace(t);
  await using checkpoint = await openCheckpoint(archive);
  const converted = await convertArchive(checkpoint, layout, { tag: 'counter' });
  assert.equal(converted.way, 'linked');
  assert.equal((await stat(archive)).nlink, 2);
  const target = await layout.resolve('counter');
  assert.equal(target.digest, converted.manifest.digest);
  const manifest = parseManifest(await layout.manifest(target));
  assert.deepEqual(manifest.layers, [
    { mediaType: mediaTypes.layer, digest: digestOf(await readFile(archive)), size: converted.layer.size },
  ]);
  assert.equal(manifest.annotations?.['io.kubernetes.cri-o.annotations.checkpoint.name'], 'counter');
  assert.equal(manifest.annotations?.['org.criu.checkpoint.pod.namespace'], 'default');
  await using config = await layout.open(manifest.config);
  const bytes = new Uint8Array(config.size);
  await config.readInto(0, bytes);
  const { os, architecture, diffIDs, created } = parseImageConfig(bytes);
  assert.deepEqual([os, architecture, created], ['linux', 'amd64', '2026-11-23T23:26:53.988140111Z']);
  assert.deepEqual(diffIDs, [converted.layer.digest]);
});

test('converting twice gives the same image', async (t) => {
  const { archive, layout } = await workspace(t);
  await using checkpoint = await openCheckpoint(archive);
  const first = await convertArchive(checkpoint, layout, { tag: 'a' });
  const second = await convertArchive(checkpoint, layout, { tag: 'b', knownDigest: first.layer.digest });
  assert.equal(second.way, 'present');
  assert.equal(second.manifest.digest, first.manifest.digest);
});

test('the archive comes back byte for byte, also through an index', async (t) => {
  const { path, archive, layout } = await workspace(t);
  await using checkpoint = await openCheckpoint(archive);
  const { target } = await convertArchive(checkpoint, layout, { tag: 'indexed', index: true });
  assert.equal(target.mediaType, mediaTypes.index);
  const image = await findCheckpointImage(layout, 'indexed');
  assert.equal(image?.facts.containerName, 'counter');
  const out = join(path, 'out.tar');
  await extractArchive(layout, target, out);
  assert.deepEqual(await readFile(out), await readFile(archive));
  await assert.rejects(extractArchive(layout, target, out), { code: 'ERR_FILE_EXISTS' });
});

test('a compressed archive is a compressed layer with the digest of the tar as its diff id', async (t) => {
  const { layout } = await workspace(t);
  const plain = await readFile(fixture);
  await using checkpoint = await openCheckpoint(bytesSource(gzipSync(plain)));
  const converted = await convertArchive(checkpoint, layout, { tag: 'gz' });
  assert.equal(converted.way, 'pushed');
  assert.equal(converted.layer.mediaType, mediaTypes.layerGzip);
  await using opened = await openCheckpointImage(layout, 'gz');
  assert.equal(opened.archive.tar?.size, plain.length);
});

test('a checkpoint is read where it lies in a layout', async (t) => {
  const { archive, layout } = await workspace(t);
  await using checkpoint = await openCheckpoint(archive);
  await convertArchive(checkpoint, layout, { tag: 'counter' });
  await using opened = await openCheckpointImage(layout, 'counter');
  assert.deepEqual(opened.metadata, checkpoint.metadata);
  assert.equal(opened.image?.facts.podName, 'counters');
});

test('an ordinary image is no checkpoint image, and a folder becomes none', async (t) => {
  const { layout } = await workspace(t);
  const config = { mediaType: mediaTypes.empty, digest: digestOf(Buffer.from('{}')), size: 2 };
  await layout.push(config, bytesSource(Buffer.from('{}')));
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [] });
  await layout.putManifest(Buffer.from(manifest), mediaTypes.manifest, { tag: 'plain' });
  assert.equal(await findCheckpointImage(layout, 'plain'), undefined);
  await assert.rejects(openCheckpointImage(layout, 'plain'), { code: 'ERR_IMAGE_NOT_CHECKPOINT' });
});

test('neighbouring small reads cost one request, and read the same bytes', async () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251));
  let requests = 0;
  const inner = bytesSource(bytes);
  const count: ByteSource['readInto'] = (...given) => {
    requests += 1;
    return inner.readInto(...given);
  };
  const counted: ByteSource = { size: inner.size, readInto: count };
  const cached = cachedSource(counted, { blockSize: 100, blocks: 3 });
  const read = async (offset: number, length: number) => {
    const target = new Uint8Array(length);
    return target.subarray(0, await cached.readInto(offset, target));
  };
  await Promise.all([read(0, 10), read(20, 10), read(90, 9)]);
  assert.equal(requests, 1);
  for (const [offset, length] of [
    [95, 10],
    [0, 99],
    [250, 500],
    [990, 50],
    [1000, 5],
  ] as const) {
    assert.deepEqual(await read(offset, length), new Uint8Array(bytes.subarray(offset, offset + length)));
  }
});
