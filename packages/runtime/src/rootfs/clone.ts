/** Clones of folders on filesystems whose files can share blocks (FICLONE in ioctl_ficlonerange(2): XFS, Btrfs). */
import { constants } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ReadOptions, systemCode } from '@stillframe/core';
import { demand } from '../process/run.ts';

/** A folder on the filesystem of what is to be cloned; disposing removes it with the clone in it. */
export interface ClonePlace extends AsyncDisposable {
  /** Where the clone goes, or lies. */
  readonly path: string;
}

/** Makes `folder`, which must not matter to anybody; undefined where its filesystem offers no clones. */
export async function openClonePlace(folder: string): Promise<ClonePlace | undefined> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const probe = join(folder, 'probe');
    await writeFile(probe, 'x');
    await copyFile(probe, `${probe}-clone`, constants.COPYFILE_FICLONE_FORCE);
  } catch (error) {
    await remove();
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
  return { path: join(folder, 'tree'), [Symbol.asyncDispose]: remove };
}

/**
 * Clones `from` with everything that makes it an overlay's upper folder: whiteouts, owners, times, links and trusted
 * attributes. No content is copied, so it takes as long as there are files, however large. Throws ERR_PROCESS_FAILED, with
 * `to` half made.
 */
export async function cloneFolder(from: string, to: string, { signal }: ReadOptions = {}): Promise<void> {
  const argv = ['cp', '--archive', '--reflink=always', '--no-target-directory', '--', from, to];
  await demand(argv, { timeout: 24 * 3600_000, signal });
}
