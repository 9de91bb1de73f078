/**
 * Volumes of files: what ConfigMaps, Secrets and the pod itself say, one file a key. All change at one instant: names lead
 * over the link `..data` into a folder that is replaced (kubelet, AtomicWriter). That folder is called by its content, so
 * that a restored process finds the files that it had open.
 */
import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface VolumeFile {
  readonly bytes: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
}

const DATA = '..data';

/**
 * Makes `folder` hold exactly `files`, by relative path. `group`: who may read them beside root. Returns whether anything
 * had to be changed.
 */
export async function writeFileVolume(
  folder: string,
  files: ReadonlyMap<string, VolumeFile>,
  group: number | undefined,
): Promise<boolean> {
  const name = `..${digestOf(files, group)}`;
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const before = await readlink(join(folder, DATA)).catch(() => undefined);
  if (before === name && (await lstat(join(folder, name)).catch(() => undefined))) return false;
  await rm(join(folder, name), { recursive: true, force: true });
  await mkdir(join(folder, name), { mode: 0o755 });
  for (const [path, { bytes, mode }] of files) {
    const target = join(folder, name, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await writeFile(target, bytes, { mode: 0o600 });
    if (group !== undefined) await chown(target, 0, group);
    await chmod(target, group === undefined ? mode : mode | 0o440);
  }
  const temporary = join(folder, '..data_new');
  await rm(temporary, { force: true });
  await symlink(name, temporary);
  await rename(temporary, join(folder, DATA));
  const tops = new Set([...files.keys()].map((path) => path.split('/')[0] ?? ''));
  for (const top of tops) {
    if (await lstat(join(folder, top)).catch(() => undefined)) continue;
    await symlink(join(DATA, top), join(folder, top));
  }
  for (const entry of await readdir(folder)) {
    if (entry === DATA || entry === name || tops.has(entry)) continue;
    await rm(join(folder, entry), { recursive: true, force: true });
  }
  return true;
}

function digestOf(files: ReadonlyMap<string, VolumeFile>, group: number | undefined): string {
  const hash = createHash('sha256').update(`${group}\0`);
  for (const [path, { bytes, mode }] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${path}\0${mode}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 24);
}
