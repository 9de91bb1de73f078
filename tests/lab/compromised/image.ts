/** The image of both containers, and what the intruder brings along. */
import { chmod, copyFile, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bytesSource, digestOf } from '@stillframe/core';
import { execute } from '@stillframe/demo/stage';
import { buildImage, type ContentStore, mediaTypes, putImage } from '@stillframe/oci';

const PROGRAMS = join(import.meta.dirname, '../programs');
const APPLETS = [
  ...['sh', 'sleep', 'cat', 'echo', 'rm', 'mkdir', 'ls', 'nc', 'tar', 'setsid', 'base64', 'cp', 'chmod', 'grep'],
  ...['readlink', 'env', 'touch', 'kill'],
];
/** What the service listens on, and the only port that its container declares. */
export const SERVICE_PORT = 8080;
/** A system program that the intruder replaces. */
export const SYSTEM_BINARY = '/bin/login';
/** A shell of which the intruder makes a setuid copy. It is not busybox, whose 2 MB would be in every fixture. */
export const SHELL = '/bin/dash';

async function compile(source: string, target: string, ...options: string[]): Promise<void> {
  await execute(['gcc', '-O2', '-s', '-Wall', ...options, '-o', target, join(PROGRAMS, source)]);
}

/** Builds the image in `store` as `v1`: busybox, the C library, an ordinary service. `work`: an empty folder. */
export async function buildShopImage(store: ContentStore, work: string): Promise<void> {
  const tree = join(work, 'tree');
  const folders = ['bin', 'etc', 'root', 'run', 'tmp', 'usr/bin', 'usr/lib', 'usr/local/sbin', 'var/log', 'var/tmp'];
  for (const folder of [...folders, 'var/www/html']) await mkdir(join(tree, folder), { recursive: true });
  for (const folder of ['tmp', 'var/tmp']) await chmod(join(tree, folder), 0o1777);
  await copyFile('/bin/busybox', join(tree, 'bin/busybox'));
  for (const applet of APPLETS) await symlink('busybox', join(tree, 'bin', applet));
  await compile('service.c', join(tree, 'usr/bin/service'));
  await compile('worker.c', join(tree, 'usr/bin/worker'));
  await copyFile('/bin/dash', join(tree, SHELL));
  await copyFile('/usr/bin/env', join(tree, SYSTEM_BINARY));
  await addLibraries(tree, [join(tree, 'usr/bin/service'), '/bin/dash', '/usr/bin/env']);
  const texts = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n',
    'etc/group': 'root:x:0:\nwww-data:x:33:\n',
    'etc/service.conf': 'queue = orders\nworkers = 1\n',
    'var/log/auth.log': `${'Jan 01 00:00:00 shop login: session opened for user root\n'.repeat(20)}`,
    'var/www/html/index.html': '<h1>Shop</h1>\n',
  };
  for (const [path, text] of Object.entries(texts)) await writeFile(join(tree, path), text);
  const layer = join(work, 'layer.tar');
  await execute([
    ...['tar', '--create', '--file', layer, '--directory', tree, '--owner=0', '--group=0', '--numeric-owner'],
    ...['--sort=name', '--mtime=@1700000000', '.'],
  ]);
  const bytes = await readFile(layer);
  const descriptor = { mediaType: mediaTypes.layer, digest: digestOf(bytes), size: bytes.length };
  await store.push(descriptor, bytesSource(bytes));
  const image = buildImage({
    layers: [{ descriptor, diffID: descriptor.digest }],
    platform: { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch },
    config: { Cmd: ['/usr/bin/service'], Env: ['PATH=/usr/bin:/bin'] },
  });
  await putImage(store, image, { tag: 'v1' });
}

/** Copies the libraries of programs, the loader too, to where they look for them. */
async function addLibraries(tree: string, programs: readonly string[]): Promise<void> {
  for (const program of programs) {
    const { stdout } = await execute(['ldd', program]);
    for (const [, library = ''] of stdout.matchAll(/(\/\S+\.so\S*)/g)) {
      await mkdir(join(tree, dirname(library)), { recursive: true });
      await copyFile(await realpath(library), join(tree, library));
    }
  }
}

/** Files that the intruder fetches into the container, laid into the empty folder `kit`. */
export async function buildKit(kit: string): Promise<void> {
  await compile('intruder.c', join(kit, 'a'));
  await compile('preloaded.c', join(kit, 'libprocess.so'), '-shared', '-fPIC');
}
