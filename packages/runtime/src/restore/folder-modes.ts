/**
 * Modes of folders that the dumped processes hold: CRIU refuses to restore where one differs. Engines make the root with
 * modes of their own (podman's is 0555) and no engine's diff has the changed mode of a folder that the image had.
 */
import { chmod, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import { limits, type ReadOptions } from '@stillframe/core';

/** S_IFMT and S_IFDIR of stat(2). */
const TYPE = 0o170000;
const FOLDER = 0o040000;

/** `rootfs`: the mounted root filesystem of the container, in which nothing runs yet. No link in it is followed. */
export async function fitFolderModes({ images }: Checkpoint, rootfs: string, options: ReadOptions = {}): Promise<void> {
  let looked = 0;
  for await (const { reg } of images.entries('files', undefined, options)) {
    if (reg?.mode === undefined || (reg.mode & TYPE) !== FOLDER || looked >= limits.criuEntries) continue;
    looked += 1;
    const path = await folderAt(rootfs, reg.name);
    if (path === undefined) continue;
    if (((await lstat(path)).mode & 0o7777) !== (reg.mode & 0o7777)) await chmod(path, reg.mode & 0o7777);
  }
}

/** The folder that a name of the container means; undefined where the way leads through something else. */
async function folderAt(rootfs: string, name: string): Promise<string | undefined> {
  let at = rootfs;
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') return undefined;
    at = join(at, part);
    if (!(await lstat(at).catch(() => undefined))?.isDirectory()) return undefined;
  }
  return at;
}
