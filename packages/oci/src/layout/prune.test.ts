/** Taking many images out of a layout, pins, and the sweep of what nobody needs. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hexOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { putArtifact } from '../artifact.ts';
import { chunked, describeBytes, putSmallImage } from '../content.suite.ts';
import type { Descriptor } from '../descriptor.ts';
import { mediaTypes } from '../descriptor.ts';
import { buildImage, buildIndex } from '../image-build.ts';
import { putImage } from '../image-put.ts';
import { isKept, tagOf } from './index-file.ts';
import { Layout } from './layout.ts';
import { keepImage, removeImages, sweepLayout } from './prune.ts';

const LATER = () => Date.now() + 60_000;

async function openScratch() {
  const folder = await openTemporaryFolder(tmpdir(), 'prune');
  const path = join(folder.path, 'image');
  const store = await Layout.create(path);
  return {
    store,
    path,
    blobs: async () => (await readdir(join(path, 'blobs/sha256'))).sort(),
    say: (subject: Descriptor, text: string) => {
      const bytes = new TextEncoder().encode(text);
      return putArtifact(store, { artifactType: 'text/plain', mediaType: 'text/plain', bytes, subject });
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe('removing many images', () => {
  it('takes what they alone have, and what is said about them and about their parts', async () => {
    await using scratch = await openScratch();
    const { store } = scratch;
    const kept = (await putSmallImage(store, 'kept')).image.manifest.descriptor;
    await scratch.say(kept, 'about kept');
    const blobs = await scratch.blobs();
    const entries = await store.entries();
    await putSmallImage(store, 'other');
    const other = await store.resolve('other');
    const { index, child } = await putPod(store);
    const said = await scratch.say(child, 'about a part');
    await scratch.say(said, 'about what is said');
    await scratch.say(other, 'about another');
    const images = [
      { digest: index.digest, tags: ['pod'] },
      { digest: other.digest, tags: ['other'] },
    ];
    const { removed } = await removeImages(store, images);
    assert.deepEqual(
      removed,
      images.map(({ digest }) => digest),
    );
    assert.deepEqual([await scratch.blobs(), await store.entries()], [blobs, entries]);
  });

  it('leaves one that was pinned or tagged anew since, with what is said about it', async () => {
    await using scratch = await openScratch();
    const { store } = scratch;
    const all = [];
    for (const tag of ['a', 'b', 'c']) {
      const { descriptor } = (await putSmallImage(store, tag)).image.manifest;
      await scratch.say(descriptor, `about ${tag}`);
      all.push({ digest: descriptor.digest, tags: [tag] });
    }
    await keepImage(store, 'a', true);
    await store.putManifest(await store.manifest(await store.resolve('b')), mediaTypes.manifest, { tag: 'release' });
    const { removed } = await removeImages(store, all);
    assert.deepEqual(removed, [all[2]?.digest]);
    assert.deepEqual((await store.entries()).flatMap((entry) => tagOf(entry) ?? []).sort(), ['a', 'release']);
    for (const tag of ['a', 'release'])
      assert.equal((await store.referrers((await store.resolve(tag)).digest)).length, 1);
    assert.equal((await store.entries()).length, 4);
  });

  it('takes no blob where a manifest of the list cannot be read', async () => {
    await using scratch = await openScratch();
    const { digest } = (await putSmallImage(scratch.store, 'a')).image.manifest.descriptor;
    const damaged = (await putSmallImage(scratch.store, 'b')).image.manifest.descriptor;
    await writeFile(join(scratch.path, 'blobs/sha256', hexOf(damaged.digest)), 'damaged');
    const before = await scratch.blobs();
    const { unreadable, removed } = await removeImages(scratch.store, [{ digest, tags: ['a'] }]);
    assert.deepEqual([unreadable, removed, await scratch.blobs()], [[damaged.digest], [digest], before]);
  });
});

describe('a pin', () => {
  it('is an annotation of all entries of the image, and stays with it where its tag is moved', async () => {
    await using scratch = await openScratch();
    const { store } = scratch;
    const { image } = await putSmallImage(store, 'a');
    await putImage(store, image, { tag: 'b' });
    const before = await readFile(join(scratch.path, 'index.json'), 'utf8');
    assert.deepEqual([await keepImage(store, 'a', true), await keepImage(store, 'b', true)], [true, false]);
    assert.ok((await store.entries()).every(isKept));
    assert.equal(await keepImage(store, 'a', false), true);
    assert.equal(await readFile(join(scratch.path, 'index.json'), 'utf8'), before);
    await keepImage(store, 'a', true);
    await putSmallImage(store, 'a');
    await putSmallImage(store, 'b');
    const { digest } = image.manifest.descriptor;
    const own = (await store.entries()).filter((entry) => entry.digest === digest);
    assert.ok(own.length > 0 && own.every((entry) => isKept(entry) && tagOf(entry) === undefined));
  });

  it('is of what the list names', async () => {
    await using scratch = await openScratch();
    const { child } = await putPod(scratch.store);
    await assert.rejects(keepImage(scratch.store, 'none', true), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
    await assert.rejects(keepImage(scratch.store, child.digest, true), { hint: /pin that/ });
  });
});

describe('a sweep', () => {
  it('takes blobs that nothing needs and files of killed writers, but nothing that is new', async () => {
    await using scratch = await openScratch();
    const { store, path } = scratch;
    await putSmallImage(store, 'a');
    const needed = await scratch.blobs();
    const bytes = randomBytes(1000);
    await store.push(describeBytes(bytes), chunked(bytes));
    const foreign = join(path, 'blobs/sha256/notes.txt');
    const temporaries = [
      join(path, '.stillframe-index.json.0a'),
      join(path, 'oci-put-blob12'),
      join(path, 'blobs/sha256/.stillframe-x.1'),
    ];
    for (const file of [...temporaries, foreign]) await writeFile(file, 'x');
    // A lock whose holder had died, moved aside by one that was killed then.
    await symlink('1 elsewhere x', join(path, '.stillframe-index.lock.0b'));
    // Old by its content, but it has got its name just now.
    await utimes(join(path, 'blobs/sha256', hexOf(describeBytes(bytes).digest)), 1, 1);
    const nothing = { blobs: 0, bytes: 0, temporaries: 0 };
    assert.deepEqual(await sweepLayout(store, { before: Date.now() - 60_000 }), nothing);
    const found = { blobs: 1, bytes: 1000, temporaries: 4 };
    assert.deepEqual(await sweepLayout(store, { before: LATER(), dryRun: true }), found);
    assert.deepEqual(await sweepLayout(store, { before: LATER() }), found);
    assert.deepEqual(await scratch.blobs(), [...needed, 'notes.txt'].sort());
    assert.deepEqual(await sweepLayout(store, { before: LATER() }), nothing);
  });

  it('completes what a removal that was killed after its change of the list left', async () => {
    await using scratch = await openScratch();
    await putSmallImage(scratch.store, 'a');
    await scratch.store.untag('a');
    assert.equal((await sweepLayout(scratch.store, { before: LATER() })).blobs, 3);
    assert.deepEqual(await scratch.blobs(), []);
  });
});

/** An index over one image that is listed by it alone. */
async function putPod(store: Layout): Promise<{ index: Descriptor; child: Descriptor }> {
  const bytes = randomBytes(300);
  const layer = describeBytes(bytes);
  await store.push(layer, chunked(bytes));
  const layers = [{ descriptor: layer, diffID: layer.digest }];
  const image = buildImage({ layers, platform: { os: 'linux', architecture: 'amd64' } });
  const child = await putImage(store, image, { child: true });
  const { bytes: text } = buildIndex({ manifests: [child] });
  return { child, index: await store.putManifest(text, mediaTypes.index, { tag: 'pod' }) };
}
