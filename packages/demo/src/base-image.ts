/** The image of the workload: Debian's static busybox and nothing else. */
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource, digestOf } from '@stillframe/core';
import { buildImage, type ContentStore, mediaTypes, putImage } from '@stillframe/oci';
import { execute } from './stillframe.ts';

const APPLETS = ['sh', 'sleep', 'cat', 'echo', 'tr', 'rm', 'mkdir', 'ls', 'nc', 'stat', 'sha256sum'];
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Builds the image in `store` under `tag`. `work`: an empty folder. */
export async function buildBaseImage(
  store: ContentStore,
  tag: string,
  work: string,
  busybox = '/bin/busybox',
): Promise<void> {
  const tree = join(work, 'tree');
  for (const folder of ['bin', 'etc', 'tmp']) await mkdir(join(tree, folder), { recursive: true });
  await chmod(join(tree, 'tmp'), 0o1777);
  await copyFile(busybox, join(tree, 'bin', 'busybox'));
  await chmod(join(tree, 'bin', 'busybox'), 0o755);
  for (const applet of APPLETS) await symlink('busybox', join(tree, 'bin', applet));
  await writeFile(join(tree, 'etc', 'passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  const layerPath = join(work, 'layer.tar');
  // Fixed owner, order and time: the same busybox gives the same image.
  await execute([
    ...['tar', '--create', '--file', layerPath, '--directory', tree, '--owner=0', '--group=0', '--numeric-owner'],
    ...['--sort=name', '--mtime=@0', '.'],
  ]);
  const bytes = await readFile(layerPath);
  const descriptor = { mediaType: mediaTypes.layer, digest: digestOf(bytes), size: bytes.length };
  await store.push(descriptor, bytesSource(bytes));
  const image = buildImage({
    layers: [{ descriptor, diffID: descriptor.digest }],
    platform: { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch },
    config: { Cmd: ['sh'] },
  });
  await putImage(store, image, { tag });
}
