/** The files of a container's image, for pages that a dump left to them: a layout, a registry, a tar or an unpacked folder. */
import { lstat, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { orAbsent, UndoStack } from '@stillframe/core';
import { type ContentReader, type Descriptor, isManifestType, Layout, parseManifestOrIndex } from '@stillframe/oci';
import { reopenedSource } from '../archive/folder.ts';
import { type OpenArchiveOptions, openArchive } from '../archive/open.ts';
import { checkpointError } from '../errors.ts';
import { archiveTree, type Found, type RootfsTree } from '../rootfs-tree.ts';
import { cachedSource } from './block-cache.ts';
import type { DetectOptions } from './detect.ts';
import { isLayoutArchive, layoutReader } from './layout-archive.ts';

/** The layers of an image, topmost first; each is opened when a file is first looked up in it. */
export interface BaseImage extends AsyncDisposable {
  readonly layers: readonly RootfsTree[];
  /** Digest of its manifest or index; undefined for a tar or folder of a root filesystem. */
  readonly digest: string | undefined;
}

/** Opens the image behind a tag or digest. Throws the errors of the store; of a layer, what openArchive throws. */
export async function openBaseImage(
  store: ContentReader,
  reference: string,
  options: DetectOptions & OpenArchiveOptions = {},
): Promise<BaseImage> {
  const descriptor = await store.resolve(reference, options);
  const manifest = await manifestOf(store, descriptor, options);
  const closing = new UndoStack();
  const count = manifest.layers.length;
  const layers = manifest.layers.map((layer, index) =>
    lazily(`layer ${index + 1} of ${count}`, async (label) => {
      const blob = await store.open(layer, options);
      closing.push('layer', async () => await blob[Symbol.asyncDispose]());
      const archive = await openArchive(cachedSource(blob), { ...options, label, role: 'filesystem' });
      closing.push('layer archive', () => archive[Symbol.asyncDispose]());
      return archiveTree(archive, label);
    }),
  );
  return {
    layers: layers.reverse(),
    digest: descriptor.digest,
    [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose](),
  };
}

/**
 * Opens what a path holds: an image layout (folder or tar), a tar of a root filesystem, or a folder with one. The root of
 * the analysing host is refused with ERR_BASE_IMAGE_REFUSED: its files are not the container's.
 */
export async function openBaseImageFile(
  path: string,
  options: DetectOptions & OpenArchiveOptions = {},
): Promise<BaseImage> {
  if ((await stat(path)).isDirectory()) {
    const layout = await Layout.open(path).catch(() => undefined);
    return layout ? openBaseImage(layout, 'latest', options) : openFolder(path);
  }
  const archive = await openArchive(path, { ...options, role: 'filesystem' });
  const closing = new UndoStack();
  closing.push('image', () => archive[Symbol.asyncDispose]());
  try {
    if (!isLayoutArchive(archive)) {
      const layers = [archiveTree(archive, path)];
      return { layers, digest: undefined, [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose]() };
    }
    const image = await openBaseImage(layoutReader(archive), 'latest', options);
    closing.push('layers', () => image[Symbol.asyncDispose]());
    return { ...image, [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose]() };
  } catch (error) {
    await closing[Symbol.asyncDispose]();
    throw error;
  }
}

async function manifestOf(store: ContentReader, descriptor: Descriptor, options: DetectOptions) {
  const read = async (at: Descriptor) => parseManifestOrIndex(await store.manifest(at, options), at.mediaType);
  const document = await read(descriptor);
  if (document.kind === 'manifest') return document;
  const { architecture } = options;
  const child = document.manifests.find(
    ({ mediaType, platform }) =>
      isManifestType(mediaType) && (!architecture || platform?.architecture === architecture),
  );
  const manifest = child && (await read(child));
  if (manifest?.kind === 'manifest') return manifest;
  throw checkpointError('ERR_BASE_IMAGE_REFUSED', `the index has no image for ${architecture ?? 'any architecture'}`);
}

/** A tree that is opened at the first look. */
function lazily(label: string, openTree: (label: string) => Promise<RootfsTree>): RootfsTree {
  let tree: Promise<RootfsTree> | undefined;
  return {
    label,
    async find(path) {
      tree ??= openTree(label);
      return (await tree).find(path);
    },
  };
}

async function openFolder(path: string): Promise<BaseImage> {
  const root = await realpath(path);
  if (root === '/') {
    throw checkpointError('ERR_BASE_IMAGE_REFUSED', 'the root of this machine is not the image of the container');
  }
  const tree: RootfsTree = { label: path, find: (name) => findInFolder(root, name) };
  return { layers: [tree], digest: undefined, [Symbol.asyncDispose]: async () => undefined };
}

/** No link is followed, neither on the way nor at the end: it could lead out of the folder. */
async function findInFolder(root: string, name: string): Promise<Found> {
  let path = root;
  for (const part of name.split('/')) {
    path = join(path, part);
    const found = await orAbsent(lstat(path), 'ENOENT', 'ENOTDIR');
    if (!found || found.isSymbolicLink()) return { kind: 'unknown' };
    if (found.isFile()) return { kind: 'file', source: reopenedSource(path, found.size) };
  }
  return { kind: 'unknown' };
}
