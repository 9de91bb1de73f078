/** Trees of files that lie in tars of their own: changes of the root filesystem, and what the tmpfs mounts held. */
import { type ByteSource, orAbsent } from '@stillframe/core';
import { fileNameOf } from '@stillframe/criu-image';
import { openArchive } from '../archive/open.ts';
import { readMounts } from '../mount/mounts.ts';
import { openRootfsDiff, ROOTFS_DIFF } from '../rootfs-diff.ts';
import type { Extractable, ExtractableTree, ExtractContext } from './extractable.ts';

/** Podman puts /dev/shm beside the images, in a tar of its own. */
const PODMAN_SHM = 'devshm-checkpoint.tar';

/** Lists what the container had changed in its root filesystem. */
export async function* rootfsChanges(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  const { checkpoint } = context;
  const entry = checkpoint.archive.entries.get(ROOTFS_DIFF);
  if (entry?.kind !== 'file') return;
  yield {
    ...{ form: 'tree', kind: 'rootfs', id: '', file: 'rootfs', name: '/', holders: [], facts: {}, byPath: true },
    source: { image: ROOTFS_DIFF },
    packed: BigInt(entry.size),
    open: (options) => openRootfsDiff(checkpoint, { ...options, partial: true }),
  };
}

/** Lists tmpfs mounts by their device number, old ones by mount id; POSIX shared memory is in that of /dev/shm. */
export async function* tmpfsMounts(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  const { images, archive } = context.checkpoint;
  const mountpoints = new Map<string, string>();
  for (const { content, root, mountpoint } of await readMounts(images, { signal: context.signal })) {
    // Single files of it may be mounted elsewhere.
    if (content && root === '/' && !mountpoints.has(content.image)) mountpoints.set(content.image, mountpoint);
  }
  for (const kind of ['tmpfs-dev', 'tmpfs'] as const) {
    for (const id of images.ids(kind)) {
      const source = images.source(kind, id);
      if (source === undefined) continue;
      const image = fileNameOf(kind, id);
      const name = mountpoints.get(image);
      yield tmpfs({ id: kind === 'tmpfs' ? `mount-${id}` : String(id), image, name, source });
    }
  }
  const shm = archive.entries.get(PODMAN_SHM);
  if (shm?.kind !== 'file') return;
  yield tmpfs({ id: 'devshm', image: PODMAN_SHM, name: '/dev/shm', source: archive.open(PODMAN_SHM) });
}

interface Packed {
  id: string;
  image: string;
  name: string | undefined;
  source: ByteSource;
}

function tmpfs({ id, image, name, source }: Packed): ExtractableTree {
  return {
    ...{ form: 'tree', kind: 'tmpfs', id, file: `tmpfs-${id}`, name, holders: [], facts: {}, byPath: false },
    source: { image },
    packed: BigInt(source.size),
    async open(options = {}) {
      const archive = openArchive(source, { ...options, label: image, role: 'filesystem', partial: true });
      return await orAbsent(archive, 'ERR_ARCHIVE_EMPTY');
    },
  };
}
