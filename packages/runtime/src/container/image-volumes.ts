/** Image volumes (KEP-4639): the root filesystem of an image, or a part of it, mounted read-only into a container. */
import { lstat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { UndoStack } from '@stillframe/core';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { namesIn } from '../folder-names.ts';
import { mountLayers, unmount } from '../rootfs/overlay.ts';
import type { MountRequest, SandboxRecord } from '../store/records.ts';
import { withMappedLayers } from '../userns/mapped-mounts.ts';
import { containerFolders } from './folders.ts';

/**
 * Mounts the image volumes of a request beside the container's bundle and gives all its mounts with their sources; the
 * undoing is pushed on `undo`. Throws ERR_IMAGE_NOT_FOUND, or ERR_CONTAINER_INVALID for a volume that is to be writable or
 * a part of the image that is not there or is reached through a link.
 */
export async function mountImageVolumes(
  context: NodeContext,
  sandbox: SandboxRecord,
  id: string,
  mounts: readonly MountRequest[],
  undo: UndoStack,
): Promise<MountRequest[]> {
  if (!mounts.some(({ image }) => image)) return [...mounts];
  const { bundle } = containerFolders(context, id);
  undo.push('image volumes', () => unmountImageVolumes(bundle));
  const prepared: MountRequest[] = [];
  for (const [index, mount] of mounts.entries()) {
    const { image: wanted } = mount;
    if (!wanted) {
      prepared.push(mount);
      continue;
    }
    if (!mount.readonly) {
      throw runtimeError('ERR_CONTAINER_INVALID', `the image volume at ${mount.containerPath} must be read-only`);
    }
    const image = context.images.find(wanted.reference);
    if (!image) throw runtimeError('ERR_IMAGE_NOT_FOUND', `there is no image ${wanted.reference}`);
    const target = join(volumesFolder(bundle), String(index));
    await withMappedLayers(context, sandbox, id, image.layers, (folder) => mountLayers(folder, image.layers, target));
    const hostPath = await partOf(target, wanted.subPath ?? '', mount.containerPath);
    prepared.push({ ...mount, hostPath, image: { ...wanted, id: image.id } });
  }
  return prepared;
}

/** Unmounts what mountImageVolumes has mounted for the bundle, also by an earlier daemon. */
export async function unmountImageVolumes(bundle: string): Promise<void> {
  const folder = volumesFolder(bundle);
  for (const name of await namesIn(folder)) await unmount(join(folder, name));
}

const volumesFolder = (bundle: string) => join(bundle, 'volumes');

/** An image is somebody else's work: its links lead wherever they like, so none is followed. */
async function partOf(root: string, subPath: string, containerPath: string): Promise<string> {
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.');
  if (isAbsolute(subPath) || parts.includes('..')) {
    throw runtimeError('ERR_CONTAINER_INVALID', `the part of the image at ${containerPath} leaves the image`);
  }
  let at = root;
  for (const part of parts) {
    at = join(at, part);
    const stat = await lstat(at).catch(() => undefined);
    if (!stat || stat.isSymbolicLink()) {
      const why = stat ? 'leads through a link' : 'is not there';
      throw runtimeError('ERR_CONTAINER_INVALID', `the part of the image at ${containerPath} ${why}`);
    }
  }
  return at;
}
