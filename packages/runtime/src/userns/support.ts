/** Whether pods may have user namespaces here: found out by making one and mounting the images' layers through it. */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, UndoStack } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { unmount } from '../rootfs/overlay.ts';
import type { UserMapping } from '../store/records.ts';
import { mountMapped } from './idmap.ts';
import { makeMappedNamespaces } from './user-namespace.ts';

const TRIAL: UserMapping = {
  uids: { containerID: 0, hostID: 65_536, length: 65_536 },
  gids: { containerID: 0, hostID: 65_536, length: 65_536 },
};

/**
 * Why there are none, in one line; undefined where there are. `imagesFolder`: on the filesystem of the layers; `state`: the
 * folder that the root filesystems are mounted below.
 */
export async function missingUserNamespaces(imagesFolder: string, state: string): Promise<string | undefined> {
  const barred = await barredFolder(state);
  if (barred !== undefined) return `users of a pod may not pass ${barred}; chmod o+x ${barred}`;
  try {
    await using undo = new UndoStack();
    const work = await openTemporaryFolder(imagesFolder, 'user-namespace');
    undo.push('folder', () => work[Symbol.asyncDispose]());
    const [user, source, target] = [join(work.path, 'user'), join(work.path, 'source'), join(work.path, 'target')];
    await writeFile(user, '');
    for (const folder of [source, target]) await mkdir(folder, { mode: 0o700 });
    undo.push('namespace', () => unmount(user));
    await makeMappedNamespaces({ user }, TRIAL);
    undo.push('mount', () => unmount(target));
    await mountMapped(user, [{ source, target }], { readonly: true });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The first folder on the way to `path`, above the node's own, that others may not pass. */
async function barredFolder(path: string): Promise<string | undefined> {
  const above = dirname(path);
  if (above === path) return undefined;
  const higher = await barredFolder(above);
  if (higher !== undefined) return higher;
  const found = await stat(above).catch(() => undefined);
  return found && (found.mode & 0o001) === 0 ? above : undefined;
}
