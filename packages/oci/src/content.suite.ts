/** What every ContentStore must do; each implementation runs it against itself. Not part of the package's exports. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { bytesSource, digestOf, isCode, readAll } from '@stillframe/core';
import type { ContentStore } from './content.ts';
import { copyImage } from './copy.ts';
import { type Descriptor, mediaTypes } from './descriptor.ts';
import { buildImage, buildIndex } from './image-build.ts';
import { putImage } from './image-put.ts';
import { replayable } from './verify.ts';

/** A store made for one test, empty. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: ContentStore;
}

/** Options of contentStoreSuite. */
export interface SuiteOptions {
  /** Why the suite cannot run here, as testkit's `needs` says it; false where it can. */
  skip: string | false;
}

/** A descriptor that is right for `bytes`. */
export function describeBytes(bytes: Uint8Array, mediaType: string = mediaTypes.layer): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** `bytes` in chunks of `step`, anew for each iteration. */
export function chunked(bytes: Uint8Array, step = 1000): AsyncIterable<Uint8Array> {
  return replayable(async function* () {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  });
}

/** All of an iterable, for small contents. */
export async function collect(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(Buffer.concat(await Array.fromAsync(content)));
}

/** Stores a small image and returns the descriptor of its manifest. */
export async function putSmallImage(store: ContentStore, tag?: string, seed: Uint8Array = randomBytes(5000)) {
  const layer = describeBytes(seed);
  await store.push(layer, chunked(seed));
  const image = buildImage({
    layers: [{ descriptor: layer, diffID: layer.digest }],
    platform: { os: 'linux', architecture: 'amd64' },
    annotations: { 'org.example.note': 'from the suite' },
  });
  await putImage(store, image, { tag });
  return { image, layer };
}

/** Declares the tests of a ContentStore. `open` gives an empty store. */
export function contentStoreSuite(
  name: string,
  open: () => Promise<OpenedStore>,
  options: SuiteOptions = { skip: false },
): void {
  describe(`${name} as a content store`, options, () => {
    blobTests(open);
    refusalTests(open);
    unknownTests(open);
    rangeTests(open);
    manifestTests(open);
    indexTests(open);
  });
}

function blobTests(open: () => Promise<OpenedStore>): void {
  it('gives back the bytes of a pushed blob, and says that it has it', async () => {
    await using opened = await open();
    const bytes = randomBytes(300_000);
    const descriptor = describeBytes(bytes);
    assert.equal(await opened.store.has(descriptor), false);
    await opened.store.push(descriptor, chunked(bytes));
    assert.equal(await opened.store.has(descriptor), true);
    assert.deepEqual(await collect(opened.store.stream(descriptor)), new Uint8Array(bytes));
  });

  it('takes a blob from a byte source and from a generator that can be read once', async () => {
    await using opened = await open();
    const first = randomBytes(70_000);
    const second = randomBytes(70_000);
    await opened.store.push(describeBytes(first), bytesSource(first));
    await opened.store.push(
      describeBytes(second),
      (async function* () {
        yield second;
      })(),
    );
    assert.equal((await collect(opened.store.stream(describeBytes(first)))).length, first.length);
    assert.equal((await collect(opened.store.stream(describeBytes(second)))).length, second.length);
  });

  it('does not read content of a blob that is there already', async () => {
    await using opened = await open();
    const bytes = randomBytes(100);
    await opened.store.push(describeBytes(bytes), chunked(bytes));
    const untouched = replayable(() => assert.fail('the content was read'));
    await opened.store.push(describeBytes(bytes), untouched);
  });

  it('holds the blob once when four push it at a time', async () => {
    await using opened = await open();
    const bytes = randomBytes(200_000);
    const descriptor = describeBytes(bytes);
    await Promise.all([1, 2, 3, 4].map((step) => opened.store.push(descriptor, chunked(bytes, step * 997))));
    assert.equal((await collect(opened.store.stream(descriptor))).length, bytes.length);
  });

  it('knows the blob of no bytes', async () => {
    await using opened = await open();
    const descriptor = describeBytes(new Uint8Array());
    await opened.store.push(descriptor, chunked(new Uint8Array()));
    assert.equal((await collect(opened.store.stream(descriptor))).length, 0);
  });
}

function refusalTests(open: () => Promise<OpenedStore>): void {
  const bytes = randomBytes(50_000);
  const descriptor = describeBytes(bytes);
  const other = Buffer.from(bytes);
  other[25_000] = (other[25_000] ?? 0) ^ 1;
  const cases = [
    { what: 'short', content: bytes.subarray(1), code: 'ERR_OCI_CONTENT_SHORT' },
    { what: 'long', content: Buffer.concat([bytes, Buffer.of(0)]), code: 'ERR_OCI_CONTENT_LONG' },
    { what: 'wrong', content: other, code: 'ERR_OCI_CONTENT_WRONG' },
  ];
  for (const { what, content, code } of cases) {
    it(`refuses ${what} content and keeps nothing of it`, async () => {
      await using opened = await open();
      await assert.rejects(opened.store.push(descriptor, chunked(content)), { code });
      assert.equal(await opened.store.has(descriptor), false);
    });
  }

  it('hands on the failure of the content and keeps nothing', async () => {
    await using opened = await open();
    const failing = replayable(async function* () {
      yield bytes.subarray(0, 10_000);
      throw new RangeError('the disk fell out');
    });
    await assert.rejects(opened.store.push(descriptor, failing), RangeError);
    assert.equal(await opened.store.has(descriptor), false);
  });

  it('rejects with the reason of an aborted signal, before and while content flows', async () => {
    await using opened = await open();
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await assert.rejects(opened.store.push(descriptor, chunked(bytes), { signal }), reason);
    const controller = new AbortController();
    const slow = replayable(async function* () {
      yield bytes.subarray(0, 10_000);
      controller.abort(reason);
      yield bytes.subarray(10_000);
    });
    await assert.rejects(opened.store.push(descriptor, slow, { signal: controller.signal }), reason);
    assert.equal(await opened.store.has(descriptor), false);
  });
}

function unknownTests(open: () => Promise<OpenedStore>): void {
  const descriptor = describeBytes(randomBytes(50));

  it('says that a blob or manifest is unknown', async () => {
    await using opened = await open();
    await assert.rejects(collect(opened.store.stream(descriptor)), { code: 'ERR_OCI_BLOB_UNKNOWN' });
    await assert.rejects(opened.store.open(descriptor), { code: 'ERR_OCI_BLOB_UNKNOWN' });
    await assert.rejects(opened.store.manifest(descriptor), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
    await assert.rejects(opened.store.resolve('nothing'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
    await assert.rejects(opened.store.resolve(descriptor.digest), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
  });
}

function rangeTests(open: () => Promise<OpenedStore>): void {
  it('reads any range of a blob, and nothing past its end', async () => {
    await using opened = await open();
    const bytes = randomBytes(10_000);
    const descriptor = describeBytes(bytes);
    await opened.store.push(descriptor, chunked(bytes));
    await using source = await opened.store.open(descriptor);
    assert.equal(source.size, bytes.length);
    for (const [offset, length] of [
      [0, 1],
      [0, 10_000],
      [9_999, 1],
      [5_000, 2_000],
      [9_990, 100],
      [10_000, 5],
      [1, 0],
    ] as const) {
      const target = new Uint8Array(length);
      const read = await source.readInto(offset, target);
      const expected = bytes.subarray(offset, offset + length);
      assert.equal(read, expected.length);
      assert.ok(expected.equals(target.subarray(0, read)), `range ${offset}+${length}`);
    }
  });

  it('serves many ranges at once', async () => {
    await using opened = await open();
    const bytes = randomBytes(64_000);
    const descriptor = describeBytes(bytes);
    await opened.store.push(descriptor, chunked(bytes));
    await using source = await opened.store.open(descriptor);
    const parts = await Promise.all(
      Array.from({ length: 64 }, async (_, index) => {
        const target = new Uint8Array(1000);
        await source.readInto(index * 1000, target);
        return target;
      }),
    );
    assert.ok(bytes.equals(Buffer.concat(parts)));
  });

  it('refuses to open a blob whose size is not that of the descriptor', async () => {
    await using opened = await open();
    const bytes = randomBytes(1000);
    const descriptor = describeBytes(bytes);
    await opened.store.push(descriptor, chunked(bytes));
    await assert.rejects(opened.store.open({ ...descriptor, size: 1001 }), { code: 'ERR_OCI_CONTENT_SHORT' });
    await assert.rejects(opened.store.open({ ...descriptor, size: 999 }), { code: 'ERR_OCI_CONTENT_LONG' });
  });
}

function manifestTests(open: () => Promise<OpenedStore>): void {
  it('resolves a tag and a digest to one descriptor, and gives back the very bytes', async () => {
    await using opened = await open();
    const { image } = await putSmallImage(opened.store, 'v1');
    const { digest, size } = image.manifest.descriptor;
    for (const reference of ['v1', digest]) {
      const resolved = await opened.store.resolve(reference);
      assert.deepEqual([resolved.digest, resolved.size, resolved.mediaType], [digest, size, mediaTypes.manifest]);
      assert.deepEqual(Buffer.from(await opened.store.manifest(resolved)), Buffer.from(image.manifest.bytes));
    }
  });

  it('moves a tag, and keeps what it stood for reachable by digest', async () => {
    await using opened = await open();
    const first = await putSmallImage(opened.store, 'latest');
    const second = await putSmallImage(opened.store, 'latest');
    assert.equal((await opened.store.resolve('latest')).digest, second.image.manifest.descriptor.digest);
    assert.ok(await opened.store.manifest(first.image.manifest.descriptor));
    await putImage(opened.store, second.image, { tag: 'latest' });
    assert.equal((await opened.store.resolve('latest')).digest, second.image.manifest.descriptor.digest);
  });

  it('keeps every tag when sixteen are written at a time', async () => {
    await using opened = await open();
    const { image } = await putSmallImage(opened.store);
    const { bytes, descriptor } = image.manifest;
    const tags = Array.from({ length: 16 }, (_, index) => `t${index}`);
    await Promise.all(tags.map((tag) => opened.store.putManifest(bytes, descriptor.mediaType, { tag })));
    for (const tag of tags) assert.equal((await opened.store.resolve(tag)).digest, descriptor.digest);
  });

  it('refuses a manifest that is none, and a tag that is none', async () => {
    await using opened = await open();
    const { image } = await putSmallImage(opened.store);
    const { bytes } = image.manifest;
    const put = (content: Uint8Array, tag: string) => opened.store.putManifest(content, mediaTypes.manifest, { tag });
    await assert.rejects(put(Buffer.from('{}'), 'x'), { code: 'ERR_OCI_DOCUMENT_INVALID' });
    await assert.rejects(put(bytes, '../x'), { code: 'ERR_OCI_REFERENCE_INVALID' });
  });
}

function indexTests(open: () => Promise<OpenedStore>): void {
  it('holds an index over two images, which copies to another store and back', async () => {
    await using opened = await open();
    await using target = await open();
    const images = await Promise.all([putSmallImage(opened.store), putSmallImage(opened.store)]);
    const index = buildIndex({
      manifests: images.map(({ image }) => image.manifest.descriptor),
      annotations: { a: 'b' },
    });
    await opened.store.putManifest(index.bytes, mediaTypes.index, { tag: 'both' });
    const descriptor = await opened.store.resolve('both');
    await copyImage(opened.store, target.store, descriptor, { tag: 'copy' });
    assert.equal((await target.store.resolve('copy')).digest, index.descriptor.digest);
    for (const { layer } of images) assert.equal(await target.store.has(layer), true);
    await assert.rejects(target.store.resolve('both'), (error) => isCode(error, 'ERR_OCI_MANIFEST_UNKNOWN'));
    await using config = await target.store.open(images[0]?.image.config.descriptor ?? descriptor);
    assert.match(Buffer.from(await readAll(config, { limit: 10_000 })).toString(), /"diff_ids"/);
  });
}
