/** What stays on the host of a container that has ended, but for its record and its log. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeContext } from '../context.ts';
import { unmountPages } from '../restore/in-place/mount-pages.ts';
import { removeRootfsFolders, unmount } from '../rootfs/overlay.ts';
import { unmountMapped } from '../userns/mapped-mounts.ts';
import { containerFolders } from './folders.ts';
import { unmountImageVolumes } from './image-volumes.ts';

/** Takes down the mounts of a container and removes its folders, inner before outer. The OCI runtime has deleted it before. */
export async function removeRemains(context: NodeContext, id: string): Promise<void> {
  const folders = containerFolders(context, id);
  await unmountMapped(folders.bundle);
  await unmountImageVolumes(folders.bundle);
  await unmount(folders.rootfs);
  await rm(folders.bundle, { recursive: true, force: true });
  await unmountPages(folders.images);
  await removeRootfsFolders(folders.folder);
  await removeMonitorFiles(context, id);
}

/** What the monitor wrote outside the bundle: the exit code, and the sockets to attach to. */
export async function removeMonitorFiles({ folders }: NodeContext, id: string): Promise<void> {
  await rm(join(folders.exits, id), { force: true });
  await rm(join(folders.attach, id), { recursive: true, force: true });
}
