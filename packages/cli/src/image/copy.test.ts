/** What `stillframe image copy` shows while it copies. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesSource, digestOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { buildImage, buildIndex, copyImage, type Descriptor, Layout, mediaTypes, putImage } from '@stillframe/oci';
import { CopyTally } from './copy.ts';

/** An index over two images that share a layer, in a new layout. */
async function putIndex(path: string): Promise<{ layout: Layout; index: Descriptor; shared: Uint8Array }> {
  const layout = await Layout.create(path);
  const shared = randomBytes(300_000);
  const manifests: Descriptor[] = [];
  for (const own of [randomBytes(200_000), randomBytes(100_000)]) {
    const layers = [];
    for (const bytes of [shared, own]) {
      const descriptor = { mediaType: mediaTypes.layer, digest: digestOf(bytes), size: bytes.length };
      await layout.push(descriptor, bytesSource(bytes));
      layers.push({ descriptor, diffID: descriptor.digest });
    }
    const image = buildImage({ layers, platform: { os: 'linux', architecture: 'amd64' } });
    manifests.push(await putImage(layout, image, { child: true }));
  }
  const { bytes } = buildIndex({ manifests });
  return { layout, shared, index: await layout.putManifest(bytes, mediaTypes.index, { tag: 'all' }) };
}

test('the progress ends at the whole, never passes it, and leaves out what was there', async () => {
  await using folder = await openTemporaryFolder(tmpdir(), 'progress');
  const { layout, index, shared } = await putIndex(join(folder.path, 'from'));
  for (const there of [false, true]) {
    const target = await Layout.create(join(folder.path, `to-${there}`));
    const part = { mediaType: mediaTypes.layer, digest: digestOf(shared), size: shared.length };
    if (there) await target.push(part, bytesSource(shared));
    const tally = new CopyTally();
    await copyImage(layout, target, index, {
      onProgress: (each) => {
        tally.take(each);
        assert.ok(tally.sent <= tally.total, `${tally.sent} of ${tally.total}`);
      },
    });
    assert.deepEqual([tally.sent, tally.bytes.present], [tally.total, there ? shared.length : 0]);
    assert.equal(tally.bytes.copied, tally.total);
    const documents = tally.total - (there ? 300_000 : 600_000);
    assert.ok(documents > 500 && documents < 5000, `${documents} bytes of manifests and configs`);
  }
});

test('a layer that is sent again counts once, and one that turns out to be there not at all', () => {
  const descriptor: Descriptor = { mediaType: 'x/y', digest: digestOf(randomBytes(1)), size: 100 };
  const tally = new CopyTally();
  const seen = (['advanced', 'advanced', 'advanced', 'copied'] as const).map((state, at) => {
    tally.take({ descriptor, state, bytes: [60, 90, 30, 100][at] ?? 0, expected: 100 });
    return tally.sent;
  });
  assert.deepEqual(seen, [60, 90, 30, 100]);
  const other = { ...descriptor, digest: digestOf(randomBytes(2)) };
  tally.take({ descriptor: other, state: 'mounted', bytes: 100, expected: 200 });
  assert.deepEqual(
    [tally.sent, tally.total, tally.bytes],
    [100, 100, { copied: 100, resumed: 0, mounted: 100, present: 0 }],
  );
});
