/** Pushes and pulls that something ends in the middle: a real registry that dies, fills up or holds what was changed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { bytesSource, digestOf, hexOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs, type RunningRegistry, startRegistry } from '@stillframe/testkit';
import { putSmallImage } from '../content.suite.ts';
import { type CopyProgress, copyImage } from '../copy.ts';
import type { Descriptor } from '../descriptor.ts';
import { Layout } from '../layout/index.ts';
import { RegistryClient } from './client.ts';

const run = promisify(execFile);
const SIZE = 24 << 20;
/** Parts in which a byte source is sent. */
const PART = 2 << 20;

interface Bench extends AsyncDisposable {
  registry: RunningRegistry;
  client: RegistryClient;
  layout: Layout;
  manifest: Descriptor;
  layer: Descriptor;
}

/** An image of 24 MiB in a layout, and a registry that has nothing of it. */
async function openBench(storage?: string): Promise<Bench> {
  const folder = await openTemporaryFolder(tmpdir(), 'cut');
  const registry = await startRegistry(storage === undefined ? {} : { storage });
  const retry = { attempts: 3, baseDelay: 20 };
  const client = new RegistryClient(registry.address, { partSize: PART, retry });
  const layout = await Layout.create(join(folder.path, 'layout'));
  const { image, layer } = await putSmallImage(layout, 'v1', randomBytes(SIZE));
  return {
    registry,
    client,
    layout,
    layer,
    manifest: image.manifest.descriptor,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Copies, and calls `at` once when about `part` of the layer has gone. */
async function pushUntil(
  { layout, client, manifest, layer }: Bench,
  part: number,
  at: () => Promise<void>,
): Promise<void> {
  let done: Promise<void> | undefined;
  const onProgress = ({ descriptor, bytes }: CopyProgress) => {
    if (descriptor.digest === layer.digest && bytes >= part * SIZE) done ??= at();
  };
  try {
    await copyImage(layout, client.repository('cut/image'), manifest, { tag: 'v1', onProgress });
  } finally {
    await done;
  }
}

describe('a push that is cut off', needs('docker-registry'), () => {
  for (const part of [0.01, 0.5, 0.95, 1]) {
    it(`with its registry killed at ${part * 100} % of the layer leaves no tag, and goes through the next time`, async () => {
      await using bench = await openBench();
      const { client, manifest, registry, layout, layer } = bench;
      const cut = pushUntil(bench, part, () => registry.kill());
      await assert.rejects(cut, { code: 'ERR_OCI_COPY_FAILED', side: 'target' });
      await registry.restart();
      const repository = client.repository('cut/image');
      await assert.rejects(repository.resolve('v1'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
      await copyImage(layout, repository, manifest, { tag: 'v1' });
      assert.equal((await repository.resolve('v1')).digest, manifest.digest);
      let size = 0;
      for await (const chunk of repository.stream(layer)) size += chunk.length;
      assert.equal(size, SIZE);
    });
  }

  it('with its registry killed between two parts, and started again meanwhile, ends by itself', async () => {
    await using bench = await openBench();
    const { client, registry, layer } = bench;
    const patient = new RegistryClient(registry.address, { partSize: PART, retry: { attempts: 9, baseDelay: 200 } });
    await using _closed = patient;
    const bytes = randomBytes(SIZE);
    const source = bytesSource(bytes);
    let sent = 0;
    let restarted: Promise<void> | undefined;
    const counted = {
      ...source,
      readInto: (offset: number, target: Uint8Array) => {
        sent = Math.max(sent, offset);
        if (sent > SIZE / 2) restarted ??= registry.kill().then(() => registry.restart());
        return source.readInto(offset, target);
      },
    };
    const descriptor = { ...layer, digest: digestOf(bytes) };
    try {
      await patient.repository('cut/parts').push(descriptor, counted);
    } finally {
      await restarted;
    }
    assert.ok(restarted);
    assert.equal(await client.repository('cut/parts').has(descriptor), true);
  });

  it('by the signal of its caller leaves no tag', async () => {
    await using bench = await openBench();
    const { client, layout, manifest } = bench;
    const stop = new AbortController();
    const copied = copyImage(layout, client.repository('cut/image'), manifest, {
      tag: 'v1',
      signal: stop.signal,
      onProgress: ({ state }) => state === 'advanced' && stop.abort(new Error('enough')),
    });
    await assert.rejects(copied, /enough/);
    await assert.rejects(client.repository('cut/image').resolve('v1'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
  });
});

describe('a registry', needs('docker-registry', 'root'), () => {
  it('whose disk is full is named, and has no tag of the image', async () => {
    await using folder = await openTemporaryFolder(tmpdir(), 'full');
    const storage = join(folder.path, 'storage');
    await mkdir(storage);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'stillframe-test', storage]);
    try {
      await using bench = await openBench(storage);
      const { client, layout, manifest } = bench;
      const repository = client.repository('cut/image');
      const refused = copyImage(layout, repository, manifest, { tag: 'v1' });
      await assert.rejects(refused, { code: 'ERR_OCI_COPY_FAILED', side: 'target' });
      await assert.rejects(repository.resolve('v1'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
    } finally {
      await unmount(storage);
    }
  });

  it('that holds a blob which was changed is found out at the pull, and the digest is said', async () => {
    await using bench = await openBench();
    const { client, layout, manifest, layer, registry } = bench;
    const repository = client.repository('cut/image');
    await copyImage(layout, repository, manifest, { tag: 'v1' });
    const hex = hexOf(layer.digest);
    const stored = join(registry.storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
    assert.equal((await stat(stored)).size, SIZE);
    await truncate(stored, SIZE - 64);
    await truncate(stored, SIZE);
    await using folder = await openTemporaryFolder(tmpdir(), 'pulled');
    const target = await Layout.create(join(folder.path, 'layout'));
    const pulled = copyImage(repository, target, manifest, { tag: 'v1' });
    await assert.rejects(pulled, { code: 'ERR_OCI_COPY_FAILED', side: 'source', message: new RegExp(layer.digest) });
    await assert.rejects(target.resolve('v1'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
    assert.ok(!(await readdir(join(target.path, 'blobs/sha256'))).includes(hex));
  });
});

/** The registry has just been killed; the kernel may take a moment until nothing holds its files. */
async function unmount(path: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run('umount', [path]);
      return;
    } catch (error) {
      if (attempt === 20) throw error;
      await delay(100);
    }
  }
}
