/**
 * Pages that are read where they lie: the large pages images of an archive on this host become files of an EROFS without data of
 * its own, mounted beside the other images of a restore. Copying them would take longer than CRIU needs for all the rest.
 */
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import { type Logger, messageOf } from '@stillframe/core';
import { demand } from '../../process/run.ts';
import { unmount } from '../../rootfs/overlay.ts';
import { blockBitsOf, type ErofsFile, encodeErofs, fitsErofs } from './erofs.ts';

/** Bytes from which on a mount is faster than a copy. */
const WORTH = 8 << 20;
/** In the folder of images: the filesystem, and where it is mounted. */
const [FILE, PLACE] = ['in-place.erofs', 'in-place'];

/**
 * The loop device of the archive goes with the mount, or at once where that fails. It is a script, so that it comes to its end
 * also where the node is killed in the middle: nothing would know of a device without a mount.
 */
const MOUNT = `archive=$(losetup --find --show --read-only -- "$1")
trap 'losetup --detach "$archive"' EXIT
mount -t erofs -o "ro,nodev,nosuid,noexec,device=$archive" -- "$2" "$3"`;

/**
 * Mounts what can be read in place below `folder` and gives it names there. Returns the names of those images; of none where the
 * archive is compressed, sealed or not a file of this host, and where the kernel has no such filesystem. `folder` is empty still.
 */
export async function mountPages(
  { archive }: Pick<Checkpoint, 'archive'>,
  folder: string,
  logger: Logger,
): Promise<ReadonlySet<string>> {
  const { path, files } = pagesOf(archive);
  const bits = blockBitsOf(files.map(({ offset }) => offset));
  if (path === undefined || files.length === 0 || bits === undefined || !fitsErofs(files, bits)) return new Set();
  const place = join(folder, PLACE);
  const image = join(folder, FILE);
  try {
    await writeFile(image, encodeErofs(files, bits), { mode: 0o600 });
    await mkdir(place, { mode: 0o700 });
    await demand(['sh', '-ec', MOUNT, 'sh', path, image, place], { timeout: 30_000 });
  } catch (error) {
    logger.log('info', 'pages are copied, not read in place', { archive: archive.label, reason: messageOf(error) });
    await unmountPages(folder);
    for (const each of [image, place]) await rm(each, { recursive: true, force: true });
    return new Set();
  }
  for (const { name } of files) await symlink(join(PLACE, name), join(folder, name));
  return new Set(files.map(({ name }) => name));
}

/** Takes the mount below a folder of images down, and with it the devices; nothing where there is none. */
export function unmountPages(folder: string): Promise<void> {
  return unmount(join(folder, PLACE));
}

/** The large pages images, all in one file of this host. */
function pagesOf(archive: Checkpoint['archive']): { path: string | undefined; files: ErofsFile[] } {
  const files: ErofsFile[] = [];
  const paths = new Set<string>();
  for (const { name, kind, size } of archive.entries.values()) {
    const [, image] = /^checkpoint\/(pages-\d+\.img)$/.exec(name) ?? [];
    if (kind !== 'file' || image === undefined || size < WORTH) continue;
    const { locator } = archive.open(name);
    if (locator?.kind !== 'file' || locator.size !== size) return { path: undefined, files: [] };
    paths.add(locator.path);
    files.push({ name: image, offset: locator.offset, size });
  }
  const [path, ...others] = paths;
  return { path: others.length === 0 ? path : undefined, files };
}
