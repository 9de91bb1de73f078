/**
 * Removing checkpoints of a folder so that a kill at any moment leaves nothing that looks whole and is not: an archive first gets
 * a name that marks it as removed, then what lies beside it goes, then itself. Whoever comes next completes that.
 */
import { link, lstat, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { POD_OPTIONS } from '@stillframe/checkpoint';
import { orAbsent, systemCode } from '@stillframe/core';
import { syncFolder } from '@stillframe/core/file';
import { isPinned, POD_DUMP, readPodList } from './pod-folder.ts';
import { isBeside, KEEP, sideFilesByArchive, sideFilesOf } from './side-files.ts';
import type { CheckpointUnit } from './unit.ts';

/** Names of what is being removed begin so. */
const REMOVED = '.removed-';
/** Bytes of a file name on Linux. */
const NAME_MAX = 255;

/** What became of one: `changed` is another file than was looked at. */
export type Removal = 'removed' | 'gone' | 'pinned' | 'changed';

/**
 * Removes units that nobody holds, in order. After an abort no other one is begun, and those begun are gone. `done` is told of each
 * once it cannot come back. Throws the system's error.
 */
export async function removeUnits(
  units: readonly CheckpointUnit[],
  done: (unit: CheckpointUnit, result: Removal) => void,
  signal?: AbortSignal,
): Promise<void> {
  const folders = new Set<string>();
  try {
    for (const unit of units) {
      signal?.throwIfAborted();
      done(unit, await markRemoved(unit, folders));
    }
  } finally {
    for (const folder of folders) await completeRemovals(folder);
  }
}

/** Ends removals in `folder` that were begun, by this process or another that was killed. */
export async function completeRemovals(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = new Set(entries.filter(isBeside).map(({ name }) => name));
  const marked = [...files].filter((name) => name.startsWith(REMOVED)).map((name) => name.slice(REMOVED.length));
  const sides = sideFilesByArchive(files);
  for (const name of marked) {
    if (name === POD_OPTIONS) await completePod(folder, [...files]);
    else await completeArchive(folder, name, sides.get(name) ?? sideFilesOf(name, files));
  }
  for (const { name } of entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))) {
    const pod = join(folder, name);
    if (await isFile(join(pod, `${REMOVED}${POD_OPTIONS}`))) await completePod(pod, await readdir(pod));
  }
  if (marked.length > 0) await syncFolder(folder).catch(() => undefined);
}

/** Takes the name away by which it is found. A pin that was set since it was looked at is heeded. */
async function markRemoved({ kind, path, inode }: CheckpointUnit, folders: Set<string>): Promise<Removal> {
  const known = kind === 'archive' ? path : join(path, POD_OPTIONS);
  const folder = dirname(known);
  const name = basename(known);
  const found = await lstat(known, { bigint: true }).catch(() => undefined);
  if (!found) return 'gone';
  if (!found.isFile() || found.ino !== inode) return 'changed';
  if (await pinnedNow(kind, folder, name)) return 'pinned';
  folders.add(kind === 'archive' ? folder : path);
  const marked = join(folder, `${REMOVED}${name}`);
  if (Buffer.byteLength(`${REMOVED}${name}`) > NAME_MAX) {
    // No room for a mark: at least there is never an archive without what is said of it.
    const sides = sideFilesOf(name, await readdir(folder));
    await removeAll(folder, [name, ...sides]);
    return 'removed';
  }
  const renamed = rename(known, marked).then(() => true);
  if (!(await orAbsent(renamed, 'ENOENT'))) return 'gone';
  if (!(await pinnedNow(kind, folder, name))) return 'removed';
  await putBack(marked, known);
  return 'pinned';
}

async function pinnedNow(kind: CheckpointUnit['kind'], folder: string, name: string): Promise<boolean> {
  if (kind === 'archive') return isThere(join(folder, `${name}${KEEP}`));
  const list = (await readPodList(join(folder, name))) ?? (await readPodList(join(folder, `${REMOVED}${name}`)));
  return isPinned([name, ...(list?.files ?? [])], await readdir(folder));
}

/** Looks anew: a folder that is read while somebody renames may show both names. */
async function completeArchive(folder: string, name: string, sides: readonly string[]): Promise<void> {
  const marked = `${REMOVED}${name}`;
  // Another archive of that name: what lies beside it is about that one.
  if (await isThere(join(folder, name))) return removeAll(folder, [marked]);
  if (await isThere(join(folder, `${name}${KEEP}`))) return putBack(join(folder, marked), join(folder, name));
  await removeAll(folder, [...sides, marked]);
}

/** Removes what the list of a pod names, the list last, and the folder where nothing else is in it. */
async function completePod(folder: string, names: readonly string[]): Promise<void> {
  const marked = `${REMOVED}${POD_OPTIONS}`;
  const list = await readPodList(join(folder, marked));
  if (!list || names.includes(POD_OPTIONS)) return;
  const present = list.files.filter((file) => names.includes(file));
  if (present.length === list.files.length && isPinned([POD_OPTIONS, ...list.files], names)) {
    return putBack(join(folder, marked), join(folder, POD_OPTIONS));
  }
  for (const file of list.files) await removeAll(folder, [file, ...sideFilesOf(file, names)]);
  await removeAll(folder, [POD_DUMP, ...sideFilesOf(POD_OPTIONS, names), marked]);
  await rmdir(folder).catch(() => undefined);
}

/** Two that do this at once do no harm: what is gone is gone. A folder of such a name is somebody else's. */
async function removeAll(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await orAbsent(unlink(join(folder, name)), 'ENOENT', 'EISDIR');
  }
}

/** Never over what has the name meanwhile. */
async function putBack(marked: string, path: string): Promise<void> {
  try {
    await link(marked, path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  await removeAll(dirname(marked), [basename(marked)]);
}

async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() ?? false;
}

/** Of whatever kind: a pin may be a link. */
async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
