/** Image layouts in one tar, and containerd's own checkpoints: made here of the parts of a real archive. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bytesSource, type Digest, digestOf, hexOf, readAll } from '@stillframe/core';
import { entry, tarOf } from '../archive/tar.fixture.ts';
import { openCheckpoint } from '../checkpoint.ts';
import { readCommandLine } from '../process/command-line.ts';
import { openRootfsDiff } from '../rootfs-diff.ts';
import { openCheckpointFile } from './open.ts';

const fixture = await readFile(new URL('../../fixtures/containerd-counter.tar', import.meta.url));
const INDEX = 'application/vnd.oci.image.index.v1+json';

interface Blob {
  mediaType: string;
  bytes: Uint8Array;
}

const described = ({ mediaType, bytes }: Blob, annotations?: Record<string, string>) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
  annotations,
});

/** A tar of an image layout whose one entry is an index over the parts. */
function layoutTar(parts: readonly Blob[], name = 'docker.io/library/checkpoint:v1'): Uint8Array {
  const json = (document: object) => Buffer.from(JSON.stringify({ schemaVersion: 2, ...document }));
  const index: Blob = { mediaType: INDEX, bytes: json({ manifests: parts.map((part) => described(part)) }) };
  const top = json({ manifests: [described(index, { 'io.containerd.image.name': name })] });
  const blobs = [...parts, index].map(({ bytes }) => entry(`blobs/sha256/${hexOf(digestOf(bytes) as Digest)}`, bytes));
  return tarOf(entry('oci-layout', '{"imageLayoutVersion":"1.0.0"}'), entry('index.json', top), ...blobs);
}

/** A google.protobuf.Any with this value. */
function wrapped(value: Uint8Array): Uint8Array {
  const field = (number: number, bytes: Uint8Array) => {
    const length: number[] = [];
    for (let rest = bytes.length; ; rest >>= 7) {
      length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
      if (rest < 0x80) break;
    }
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
  };
  return Buffer.concat([
    field(1, Buffer.from('types.containerd.io/opencontainers/runtime-spec/1/Spec')),
    field(2, value),
  ]);
}

async function partsOfFixture(): Promise<Blob[]> {
  await using checkpoint = await openCheckpoint(bytesSource(fixture));
  const { archive } = checkpoint;
  const bytesOf = (name: string) => readAll(archive.open(name), { limit: 1 << 24 });
  const images: Uint8Array[] = [];
  for (const { name, kind } of archive.entries.values()) {
    if (kind === 'file' && name.startsWith('checkpoint/')) images.push(entry(name.slice(11), await bytesOf(name)));
  }
  return [
    { mediaType: 'application/vnd.containerd.container.criu.checkpoint.criu.tar', bytes: tarOf(...images) },
    { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: await bytesOf('rootfs-diff.tar') },
    {
      mediaType: 'application/vnd.containerd.container.checkpoint.config.v1+proto',
      bytes: wrapped(await bytesOf('spec.dump')),
    },
  ];
}

async function fileOf(t: TestContext, bytes: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stillframe-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'export.tar'), bytes);
  return join(folder, 'export.tar');
}

test('containerd’s own checkpoint reads as the archive that its CRI made', async (t) => {
  const path = await fileOf(t, layoutTar(await partsOfFixture()));
  await using cri = await openCheckpoint(bytesSource(fixture));
  await using own = await openCheckpointFile(path);
  assert.equal(own.metadata.engine, 'containerd');
  assert.equal(own.metadata.container.podName, cri.metadata.container.podName);
  assert.deepEqual(await readCommandLine(own.images, 796), await readCommandLine(cri.images, 796));
  await using diff = await openRootfsDiff(own);
  assert.ok((diff?.entries.size ?? 0) > 0);
});

test('its export may be compressed', async (t) => {
  const path = await fileOf(t, gzipSync(layoutTar(await partsOfFixture())));
  await using own = await openCheckpointFile(path);
  assert.equal(own.metadata.engine, 'containerd');
});

test('a layout whose blobs are not there, or are others, is refused', async (t) => {
  const parts = await partsOfFixture();
  const [images, ...others] = parts;
  assert.ok(images);
  const layout = layoutTar(parts);
  const without = Buffer.from(layout);
  const name = Buffer.from(hexOf(digestOf(images.bytes) as Digest));
  without.write('0'.repeat(8), without.indexOf(name) - 8);
  await assert.rejects(openCheckpointFile(await fileOf(t, without)), { code: /^ERR_(IMAGE|ARCHIVE)_/ });
  await assert.rejects(openCheckpointFile(await fileOf(t, layoutTar(others))), { code: 'ERR_IMAGE_NOT_CHECKPOINT' });
});
