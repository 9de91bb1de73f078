/**
 * The content of mapped files, for pages that a dump does not hold: from the checkpoint itself (deleted files that were held
 * open, the changes of its root filesystem), then from an image that the caller gives. Never from the analysing host.
 */
import type { ByteSource } from '@stillframe/core';
import type { MappedFiles } from '@stillframe/criu-image';
import type { reg_file_entry } from '@stillframe/criu-image/proto';
import type { Archive } from './archive/open.ts';
import { normaliseName } from './archive/tar-entry.ts';
import type { Checkpoint } from './checkpoint.ts';
import { readMounts } from './mount/mounts.ts';
import { ghostContent } from './process/ghost-content.ts';
import { openRootfsDiff, ROOTFS_DIFF } from './rootfs-diff.ts';
import { archiveTree, type RootfsTree } from './rootfs-tree.ts';

/** Mapped files that can be looked up; disposing closes the diff. */
export interface OpenMappedFiles extends MappedFiles, AsyncDisposable {}

/** Options of openMappedFiles. */
export interface MappedFilesOptions {
  /** The layers of the container's image, topmost first. */
  image?: readonly RootfsTree[] | undefined;
  /** The root filesystem's changes, where the caller has them open; they stay open. */
  diff?: Archive | undefined;
  signal?: AbortSignal | undefined;
}

/** remap_file_path_entry.remap_type of a deleted file whose content is in a ghost-file image. */
const GHOST = 1;
/** reg_file_entry.mnt_id where none was recorded. */
const NO_MOUNT = -1;

/**
 * Prepares the lookup. A file whose size is not what the dump recorded is not taken, and told as a diagnostic; nor is one
 * on another mount than the root, of which no checkpoint and no image knows.
 */
export async function openMappedFiles(
  checkpoint: Checkpoint,
  options: MappedFilesOptions = {},
): Promise<OpenMappedFiles> {
  const { images, documents } = checkpoint;
  const files = new Map<number, reg_file_entry>();
  for await (const { reg } of images.entries('files', undefined, options)) if (reg) files.set(reg.id, reg);
  for await (const reg of images.entries('reg-files', undefined, options)) files.set(reg.id, reg);
  const ghosts = new Map<number, number>();
  for await (const { origId, remapId, remapType } of images.entries('remap-fpath', undefined, options)) {
    if (remapType === GHOST) ghosts.set(origId, remapId);
  }
  const mounts = await readMounts(images, options);
  const roots = new Set(mounts.filter(({ mountpoint }) => isRoot(mountpoint)).map(({ mountId }) => mountId));
  const opened = options.diff ? undefined : await openRootfsDiff(checkpoint, { signal: options.signal, partial: true });
  const diff = options.diff ?? opened;
  const trees = [...(diff ? [archiveTree(diff, ROOTFS_DIFF)] : []), deletions(documents.deletedFiles)];
  const lookUp = async (id: number): Promise<{ source: ByteSource; from: string } | undefined> => {
    const file = files.get(id);
    if (!file) return undefined;
    const ghost = ghosts.get(id);
    const ghostSource = ghost === undefined ? undefined : await ghostContent(images, ghost, options);
    if (ghostSource) return { source: ghostSource, from: 'deleted file' };
    const path = normaliseName(file.name.replace(/^\/+/, ''));
    const elsewhere = mounts.length > 0 && file.mntId !== NO_MOUNT && !roots.has(file.mntId);
    if (ghost !== undefined || path === undefined || elsewhere) return undefined;
    for (const tree of [...trees, ...(options.image ?? [])]) {
      const found = await tree.find(path);
      if (found.kind === 'hidden') return undefined;
      if (found.kind === 'unknown') continue;
      if (sizeFits(file, found.source)) return { source: found.source, from: tree.label };
      const message = `the process had one of ${file.size} bytes, ${tree.label} has one of ${found.source.size}: not used`;
      images.report({ id: 'mapped-file-differs', severity: 'warning', source: file.name, message });
      return undefined;
    }
    return undefined;
  };
  const known = new Map<number, ReturnType<typeof lookUp>>();
  return {
    open(id) {
      const found = known.get(id) ?? lookUp(id);
      known.set(id, found);
      return found;
    },
    async [Symbol.asyncDispose]() {
      await opened?.[Symbol.asyncDispose]();
    },
  };
}

/** What the container had deleted is not to be taken from its image. */
function deletions(paths: readonly string[]): RootfsTree {
  const deleted = new Set(paths.map((path) => normaliseName(path.replace(/^\/+/, ''))));
  return {
    label: 'deleted.files',
    async find(path) {
      const parts = path.split('/');
      const hidden = parts.some((_part, index) => deleted.has(parts.slice(0, index + 1).join('/')));
      return { kind: hidden ? 'hidden' : 'unknown' };
    },
  };
}

function isRoot(mountpoint: string): boolean {
  return /^[./]*$/.test(mountpoint);
}

function sizeFits(file: reg_file_entry, { size }: ByteSource): boolean {
  // Nothing can be mapped of an empty file, so zero says that an old CRIU did not record it.
  return file.size === 0n || file.size === BigInt(size);
}
