/** Removing images of a layout: what goes, what stays, and what others do meanwhile. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hexOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { putArtifact } from '../artifact.ts';
import { chunked, describeBytes, putSmallImage } from '../content.suite.ts';
import { mediaTypes } from '../descriptor.ts';
import { buildImage, buildIndex } from '../image-build.ts';
import { putImage } from '../image-put.ts';
import { IndexFile } from './index-file.ts';
import { Layout } from './layout.ts';
import { reachable, sweep } from './sweep.ts';

async function openScratch() {
  const folder = await openTemporaryFolder(tmpdir(), 'remove');
  const path = join(folder.path, 'image');
  return { store: await Layout.create(path), path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

describe('removing an image of a layout', () => {
  const blobs = async (path: string) => (await readdir(join(path, 'blobs/sha256'))).length;

  it('gives back what no other image has, and nothing else', async () => {
    await using scratch = await openScratch();
    const shared = randomBytes(7000);
    const first = await putSmallImage(scratch.store, 'a', shared);
    await putSmallImage(scratch.store, 'b', shared);
    const own = await putSmallImage(scratch.store, 'c');
    const { blobs: count, bytes } = await scratch.store.remove('c');
    assert.equal(count, 3);
    assert.ok(bytes > own.layer.size);
    // One manifest under two tags stays for the other.
    assert.deepEqual(await scratch.store.remove('a'), { blobs: 0, bytes: 0 });
    assert.equal((await scratch.store.resolve('b')).digest, first.image.manifest.descriptor.digest);
    await scratch.store.remove(first.image.manifest.descriptor.digest);
    assert.deepEqual([await blobs(scratch.path), await scratch.store.entries()], [0, []]);
    await assert.rejects(scratch.store.remove('a'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
  });

  it('takes what is said about an image with the last of its names', async () => {
    await using scratch = await openScratch();
    const { image } = await putSmallImage(scratch.store, 'a');
    await putImage(scratch.store, image, { tag: 'b' });
    const bytes = new TextEncoder().encode('said');
    const artifact = { artifactType: 'text/plain', mediaType: 'text/plain', bytes, subject: image.manifest.descriptor };
    await putArtifact(scratch.store, artifact);
    await scratch.store.remove('a');
    assert.equal((await scratch.store.referrers(image.manifest.descriptor.digest)).length, 1);
    await scratch.store.remove('b');
    assert.deepEqual([await blobs(scratch.path), await scratch.store.entries()], [0, []]);
  });

  it('takes what is said about the parts of an index with the index', async () => {
    await using scratch = await openScratch();
    const { store } = scratch;
    const { image } = await putSmallImage(store, 'part');
    const index = buildIndex({ manifests: [image.manifest.descriptor] });
    await store.putManifest(index.bytes, mediaTypes.index, { tag: 'pod' });
    const bytes = new TextEncoder().encode('said');
    const artifact = { artifactType: 'text/plain', mediaType: 'text/plain', bytes, subject: image.manifest.descriptor };
    await putArtifact(store, artifact);
    await store.remove('pod');
    assert.equal((await store.referrers(image.manifest.descriptor.digest)).length, 1, 'another tag has the part');
    await putSmallImage(store, 'other');
    await store.putManifest(index.bytes, mediaTypes.index, { tag: 'pod' });
    await store.untag('part');
    await store.remove('pod');
    assert.equal((await store.entries()).length, 1);
  });

  it('leaves a pinned image, by whichever of its names', async () => {
    await using scratch = await openScratch();
    const { store, path } = scratch;
    const { image } = await putSmallImage(store, 'a');
    await putImage(store, image, { tag: 'b' });
    const { digest } = image.manifest.descriptor;
    await new IndexFile(path).keep(digest, true);
    for (const name of ['a', 'b', digest]) await assert.rejects(store.remove(name), { code: 'ERR_OCI_IMAGE_PINNED' });
    assert.equal((await store.entries()).length, 2);
    await new IndexFile(path).keep(digest, false);
    await store.remove(digest);
    assert.deepEqual(await store.entries(), []);
  });

  it('frees what only that image has first, where the disk is full', async (t) => {
    await using scratch = await openScratch();
    const { store } = scratch;
    const large = randomBytes(200_000);
    await putSmallImage(store, 'a', large);
    await putSmallImage(store, 'b', large);
    const own = await putSmallImage(store, 'c', randomBytes(100_000));
    const own2 = own.layer.digest;
    await using any = await open(scratch.path, 'r');
    const prototype = Object.getPrototypeOf(any) as FileHandle;
    const { writeFile: write } = prototype;
    // A disk that is full until the layer is gone.
    t.mock.method(prototype, 'writeFile', async function (this: FileHandle, ...given: Parameters<typeof write>) {
      const there = (await readdir(join(scratch.path, 'blobs/sha256'))).includes(hexOf(own2));
      if (there)
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', syscall: 'write' });
      return write.apply(this, given);
    });
    await assert.rejects(store.remove('a'), { code: 'ENOSPC' }, 'what b needs is not freed for a');
    await store.remove('c');
    assert.deepEqual((await store.entries()).length, 2);
  });

  it('removes no blob while what another image needs cannot be told, and says of which', async () => {
    await using scratch = await openScratch();
    await putSmallImage(scratch.store, 'a');
    const damaged = (await putSmallImage(scratch.store, 'b')).image.manifest.descriptor;
    await writeFile(join(scratch.path, 'blobs/sha256', hexOf(damaged.digest)), 'damaged');
    assert.deepEqual(await scratch.store.remove('a'), { blobs: 0, bytes: 0, unreadable: [damaged.digest] });
    assert.equal(await blobs(scratch.path), 6);
  });

  it('removes no blob where the list names a manifest by another hash, whose blobs it cannot know', async () => {
    await using scratch = await openScratch();
    const { layer } = await putSmallImage(scratch.store, 'a');
    const path = join(scratch.path, 'index.json');
    const index = JSON.parse(await readFile(path, 'utf8'));
    const foreign = `sha512:${'0'.repeat(128)}`;
    index.manifests.push({ mediaType: mediaTypes.manifest, digest: foreign, size: 1 });
    await writeFile(path, JSON.stringify(index));
    assert.deepEqual(await scratch.store.remove('a'), { blobs: 0, bytes: 0, unreadable: [foreign] });
    assert.equal(await scratch.store.has(layer), true);
  });

  it('refuses what is there as a part of an index alone, and takes it with the index', async () => {
    await using scratch = await openScratch();
    const { image } = await putSmallImage(scratch.store, 'a');
    const { digest } = image.manifest.descriptor;
    const index = buildIndex({ manifests: [image.manifest.descriptor] });
    await scratch.store.putManifest(index.bytes, mediaTypes.index, { tag: 'all' });
    await scratch.store.remove('a');
    await assert.rejects(scratch.store.remove(digest), { code: 'ERR_OCI_MANIFEST_UNKNOWN', message: /by itself/ });
    assert.equal((await scratch.store.remove('all')).blobs, 4);
  });

  it('looks again where the tag is moved meanwhile, and leaves nothing of either image', async () => {
    await using scratch = await openScratch();
    await putSmallImage(scratch.store, 'a');
    const other = await Layout.open(scratch.path);
    const { manifest } = scratch.store;
    let moved = false;
    scratch.store.manifest = async (...asked) => {
      if (!moved) await putSmallImage(other, 'a');
      moved = true;
      return manifest.apply(scratch.store, asked);
    };
    await scratch.store.remove('a');
    assert.deepEqual(await scratch.store.entries(), []);
    // The first image lost its tag to the second: what it had is not this removal's to take.
    assert.equal(await blobs(scratch.path), 3);
  });

  it('lets nobody put a tag on an index whose images were removed meanwhile', async () => {
    await using scratch = await openScratch();
    const { image } = await putSmallImage(scratch.store, 'a');
    const index = buildIndex({ manifests: [image.manifest.descriptor] });
    await scratch.store.remove('a');
    const put = () => scratch.store.putManifest(index.bytes, mediaTypes.index, { tag: 'all' });
    await assert.rejects(put(), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
    await scratch.store.putManifest(image.manifest.bytes, mediaTypes.manifest, { child: true });
    await assert.rejects(put(), { code: 'ERR_OCI_BLOB_UNKNOWN' });
    await assert.rejects(scratch.store.resolve('all'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
  });

  it('takes no blob after another process took its lock for left over, until it has it again', async () => {
    await using scratch = await openScratch();
    const { layer } = await putSmallImage(scratch.store, 'a');
    const lock = join(scratch.path, '.stillframe-index.lock');
    const index = new IndexFile(scratch.path);
    const held: boolean[] = [];
    await index.unchanged(async (list) => {
      if (held.length === 0) {
        await rm(lock);
        await symlink(`${process.pid} ${hostname()} another`, lock);
      }
      held.push(await list.held());
      if (held.length === 1) await rm(lock);
      return sweep(scratch.path, new Set([layer.digest]), {
        needed: new Set(),
        held: async () => held.at(-1) === true,
        swept: { blobs: 0, bytes: 0 },
      });
    });
    assert.deepEqual(held, [false, true]);
    assert.equal(await scratch.store.has(layer), false);
  });

  it('never leaves a tag on an image without its blobs, whatever others remove while it is stored', async () => {
    await using scratch = await openScratch();
    const shared = randomBytes(3000);
    // Each has its own queue: between them there is the lock file alone, as between processes.
    const [images, indexes, remover] = await Promise.all([1, 2, 3].map(() => Layout.open(scratch.path)));
    assert.ok(images && indexes && remover);
    let put = 0;
    // Who comes too late is told.
    const late = (error: { code?: string }) => assert.match(error.code ?? '', /ERR_OCI_(MANIFEST|BLOB)_UNKNOWN/);
    const putIndex = async (tag: string) => {
      // Until the index is there, nothing names what was stored for it.
      const layer = describeBytes(shared);
      await indexes.push(layer, chunked(shared));
      const layers = [{ descriptor: layer, diffID: layer.digest }];
      const image = buildImage({ layers, platform: { os: 'linux', architecture: 'amd64' } });
      const manifest = await putImage(indexes, image, { child: true });
      const { bytes } = buildIndex({ manifests: [manifest], annotations: { tag } });
      await indexes.putManifest(bytes, mediaTypes.index, { tag });
    };
    const rounds = Array.from({ length: 40 }, async (_none, round) => {
      const stored = round % 2 === 0 ? putSmallImage(images, `t${round % 4}`, shared) : putIndex(`t${round % 4}`);
      await stored.then(() => (put += 1), late);
      await remover.remove(`t${(round + 1) % 4}`).catch(late);
    });
    await Promise.all(rounds);
    assert.ok(put > 0);
    for (const entry of await scratch.store.entries()) {
      const { digests, unreadable } = await reachable(scratch.store, [entry]);
      const there = await readdir(join(scratch.path, 'blobs/sha256'));
      assert.deepEqual([unreadable, [...digests].filter((each) => !there.includes(hexOf(each)))], [[], []]);
    }
  });
});
