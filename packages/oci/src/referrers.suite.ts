/** Tests of referrers that hold for every store; each declares them for itself. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { putArtifact } from './artifact.ts';
import { type OpenedStore, putSmallImage, type SuiteOptions } from './content.suite.ts';
import { copyImage } from './copy.ts';
import { mediaTypes } from './descriptor.ts';
import { buildIndex } from './image-build.ts';

/** Declares the tests of what is said about an image. `open` gives an empty store. */
export function referrersSuite(
  name: string,
  open: () => Promise<OpenedStore>,
  options: SuiteOptions = { skip: false },
): void {
  describe(`${name} as a store of referrers`, options, () => {
    it('lists what is said about an image, by type, and copies it along', async () => {
      await using opened = await open();
      await using target = await open();
      const { image } = await putSmallImage(opened.store, 'v1');
      const subject = image.manifest.descriptor;
      assert.deepEqual(await opened.store.referrers(subject.digest), []);
      const put = (artifactType: string, text: string) =>
        putArtifact(opened.store, {
          artifactType,
          subject,
          mediaType: 'text/plain',
          bytes: new TextEncoder().encode(text),
          annotations: { text },
        });
      const first = await put('application/vnd.example.a', 'one');
      const second = await put('application/vnd.example.b', 'two');
      await put('application/vnd.example.b', 'two');
      const all = await opened.store.referrers(subject.digest);
      assert.deepEqual(new Set(all.map(({ digest }) => digest)), new Set([first.digest, second.digest]));
      const [chosen, ...others] = await opened.store.referrers(subject.digest, {
        artifactType: 'application/vnd.example.b',
      });
      assert.deepEqual(
        [chosen?.digest, chosen?.artifactType, chosen?.annotations?.['text'], others.length],
        [second.digest, 'application/vnd.example.b', 'two', 0],
      );
      await copyImage(opened.store, target.store, subject, { tag: 'copy', referrers: true });
      assert.equal((await target.store.referrers(subject.digest)).length, 2);
    });

    it('lists an index that is about an image, too, and what was removed no more', async () => {
      await using opened = await open();
      const { image } = await putSmallImage(opened.store, 'v1');
      const other = await putSmallImage(opened.store, 'v2');
      const subject = image.manifest.descriptor;
      const manifests = [other.image.manifest.descriptor];
      const { bytes } = buildIndex({ manifests, subject, artifactType: 'application/vnd.example.several' });
      const index = await opened.store.putManifest(bytes, mediaTypes.index);
      const [found, ...others] = await opened.store.referrers(subject.digest);
      assert.deepEqual(
        [found?.digest, found?.mediaType, found?.artifactType, others.length],
        [index.digest, mediaTypes.index, 'application/vnd.example.several', 0],
      );
      await using target = await open();
      await copyImage(opened.store, target.store, subject, { referrers: true });
      assert.deepEqual((await target.store.referrers(subject.digest))[0]?.digest, index.digest);
      await opened.store.remove(index.digest);
      assert.deepEqual(await opened.store.referrers(subject.digest), []);
    });
  });
}
