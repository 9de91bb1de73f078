/** What the container had changed in its root filesystem: rootfs-diff.tar, plain or, from containerd, gzipped (checkpoint-spec 2.8, 4.3). */
import { orAbsent } from '@stillframe/core';
import { type Archive, type OpenArchiveOptions, openArchive } from './archive/open.ts';
import type { Checkpoint } from './checkpoint.ts';

/** Name of the entry, whatever its compression. */
export const ROOTFS_DIFF = 'rootfs-diff.tar';

/**
 * Opens the diff as an archive of its own; undefined where the checkpoint has none or an empty one. Names are relative to
 * the container's root; containerd's deletions are `.wh.` names, other engines list theirs in `documents.deletedFiles`.
 * The checkpoint must stay open meanwhile. Throws what openArchive throws for a damaged diff.
 */
export async function openRootfsDiff(
  checkpoint: Pick<Checkpoint, 'archive'>,
  options: OpenArchiveOptions = {},
): Promise<Archive | undefined> {
  const { archive } = checkpoint;
  if (archive.entries.get(ROOTFS_DIFF)?.kind !== 'file') return undefined;
  const diff = openArchive(archive.open(ROOTFS_DIFF), { ...options, label: ROOTFS_DIFF, role: 'filesystem' });
  return await orAbsent(diff, 'ERR_ARCHIVE_EMPTY');
}
