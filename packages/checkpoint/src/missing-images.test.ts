import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openImageSet } from '@stillframe/criu-image';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { reportMissingImages } from './missing-images.ts';
import { readProcesses } from './process/process-tree.ts';

const open = (name: string) => openCheckpoint(fileURLToPath(new URL(`../fixtures/${name}.tar`, import.meta.url)));

/** What is told missing of the checkpoint's set without the image `name`. */
async function toldWithout({ images: whole, archive }: Checkpoint, name: string): Promise<readonly string[]> {
  const names = whole.images.map((image) => image.name).filter((each) => each !== name);
  const images = openImageSet({
    names: () => names,
    open: (each) => (names.includes(each) ? archive.open(`checkpoint/${each}`) : undefined),
  });
  await reportMissingImages(images, await readProcesses(images));
  return images.diagnostics.list.filter(({ id }) => id === 'image-missing').map(({ source }) => source);
}

for (const name of ['crio-counter', 'containerd-counter', 'podman-counter', 'podman-redis']) {
  test(`nothing is missing of ${name}`, async () => {
    await using checkpoint = await open(name);
    assert.deepEqual(await toldWithout(checkpoint, ''), []);
  });
}

test('of each image that a process must have its absence is told, and of no other', async () => {
  await using checkpoint = await open('podman-redis');
  const [{ pid } = { pid: 0 }] = await readProcesses(checkpoint.images);
  const { filesId = 0, mntNsId = 0 } = (await checkpoint.images.single('ids', pid)) ?? {};
  const demanded = [`core-${pid}`, `mm-${pid}`, `pagemap-${pid}`, `fs-${pid}`, `fdinfo-${filesId}`, 'files', 'cgroup'];
  for (const stem of [...demanded, `mountpoints-${mntNsId}`]) {
    assert.deepEqual(await toldWithout(checkpoint, `${stem}.img`), [`${stem}.img`]);
  }
});
