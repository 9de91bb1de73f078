/** A container's root filesystem: the image's layers below, a folder of its own above (kernel: overlayfs.rst). */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { demand, run } from '../process/run.ts';

export interface RootfsFolders {
  /** Holds `upper` and `work`; durable. */
  folder: string;
  upper: string;
  work: string;
}

function rootfsFolders(folder: string): RootfsFolders {
  return { folder, upper: join(folder, 'upper'), work: join(folder, 'work') };
}

/** Makes the upper and work folders; the root of a container is readable by its users. */
export async function makeRootfsFolders(folder: string): Promise<RootfsFolders> {
  const folders = rootfsFolders(folder);
  await mkdir(folders.upper, { recursive: true, mode: 0o755 });
  await mkdir(folders.work, { recursive: true, mode: 0o700 });
  return folders;
}

/**
 * Mounts at `target`. `layers` are folder names inside `layersFolder`, lowest first; they are given to the kernel as
 * relative paths because all mount options together must fit in one page.
 */
export async function mountOverlay(
  layersFolder: string,
  layers: readonly string[],
  folders: RootfsFolders,
  target: string,
): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o755 });
  const lower = layers.toReversed().join(':');
  const options = `lowerdir=${lower},upperdir=${folders.upper},workdir=${folders.work}`;
  await demand(['mount', '-t', 'overlay', '-o', options, 'overlay', target], { cwd: layersFolder, timeout: 30_000 });
}

/** Mounts `layers` (as for mountOverlay) at `target`, read-only and with nothing above them. */
export async function mountLayers(layersFolder: string, layers: readonly string[], target: string): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o755 });
  // overlayfs wants two layers where there is none to write to; the mount point itself, empty, is the other one.
  const options = `ro,lowerdir=${[target, ...layers.toReversed()].join(':')}`;
  await demand(['mount', '-t', 'overlay', '-o', options, 'overlay', target], { cwd: layersFolder, timeout: 30_000 });
}

/** Unmounts `target`, lazily where something still holds it; does nothing where nothing is mounted. */
export async function unmount(target: string): Promise<void> {
  const plain = await run(['umount', target], { timeout: 30_000 });
  if (plain.code !== 0 && /busy/.test(plain.stderr)) await demand(['umount', '--lazy', target], { timeout: 30_000 });
}

/** Removes upper and work. The kernel leaves a work folder without permissions, which root may remove all the same. */
export function removeRootfsFolders(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}
