/** /dev/shm that was a mount of the pod: what podman, and this node, keep of it in `devshm-checkpoint.tar`. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import { SHARED_MEMORY } from '../checkpoint/capture.ts';
import { extractTar } from '../rootfs/apply-diff.ts';
import { writeSource } from './extract.ts';

/** Fills the pod's shared memory, unless it is in use already by another container of the pod. */
export async function laySharedMemory(
  checkpoint: Checkpoint,
  folders: { folder: string; spec: string },
): Promise<void> {
  if (checkpoint.archive.entries.get(SHARED_MEMORY)?.kind !== 'file') return;
  const spec = JSON.parse(await readFile(folders.spec, 'utf8')) as {
    mounts: { destination: string; type: string; source: string }[];
  };
  const mount = spec.mounts.find(({ destination, type }) => destination === '/dev/shm' && type === 'bind');
  // The host's own is nobody's to fill.
  if (!mount || mount.source === '/dev/shm' || (await readdir(mount.source)).length > 0) return;
  const tar = join(folders.folder, SHARED_MEMORY);
  await writeSource(checkpoint.archive.open(SHARED_MEMORY), tar);
  try {
    await extractTar(tar, mount.source);
  } finally {
    await rm(tar, { force: true });
  }
}
