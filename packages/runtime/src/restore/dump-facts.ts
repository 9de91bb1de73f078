/** What a dump expects to find when it is restored: mounts from outside, and namespaces of its own or of a pod. */
import { type Checkpoint, readMounts } from '@stillframe/checkpoint';
import type { ReadOptions } from '@stillframe/core';

/**
 * `own`: CRIU makes it anew. `external`: it must be given, since the dump left it out (CRIU's `ext_key`). `shared`: the
 * container had none of its own, so that CRIU would restore it right into the namespace of the host.
 */
export type NamespaceUse = 'own' | 'external' | 'shared';

export interface DumpFacts {
  /** Destinations of bind mounts, and CRIU's other keys of mounts that come from outside, as `/sys/fs/cgroup/pids`. */
  readonly external: readonly string[];
  /** Mount points below the root that CRIU makes itself. */
  readonly internal: readonly { readonly mountpoint: string; readonly type: string }[];
  readonly namespaces: Readonly<Record<'mnt' | 'pid' | 'net' | 'ipc' | 'uts', NamespaceUse>>;
  /** Id of the first process's network namespace, which names its image. */
  readonly netId: number | undefined;
}

/** The key that the OCI runtime gives to every masked file. */
export const MASK_KEY = '/dev/null';
/** Mounts that one image may have; a container has dozens. */
const MOUNT_LIMIT = 10_000;

/** Reads the facts from the images alone: what the archive's documents say of them decides nothing. */
export async function readDumpFacts({ images }: Checkpoint, options: ReadOptions = {}): Promise<DumpFacts> {
  const mounts = (await readMounts(images, options)).slice(0, MOUNT_LIMIT);
  const host = (await images.inventory(options))?.rootIds;
  const root = await images.single('pstree', undefined, options);
  const own =
    root && ((await images.single('ids', root.pid, options)) ?? (await images.single('core', root.pid, options))?.ids);
  const use = (kind: 'mntNsId' | 'pidNsId' | 'netNsId' | 'ipcNsId' | 'utsNsId', external = false): NamespaceUse => {
    if (external) return 'external';
    // An id that is not recorded is one that CRIU takes for the host's.
    return !own?.[kind] || own[kind] === host?.[kind] ? 'shared' : 'own';
  };
  const isExternal = async (kind: 'netns' | 'pidns', id: number | undefined) =>
    Boolean(id && (await images.single(kind, id, options))?.extKey);
  return {
    external: [...new Set(mounts.flatMap(({ external }) => (external ? [external.key] : [])))],
    internal: mounts
      .filter(({ external, mountpoint }) => !external && mountpoint !== '/')
      .map(({ mountpoint, type }) => ({ mountpoint, type })),
    namespaces: {
      mnt: use('mntNsId'),
      pid: use('pidNsId', await isExternal('pidns', own?.pidNsId)),
      net: use('netNsId', await isExternal('netns', own?.netNsId)),
      ipc: use('ipcNsId'),
      uts: use('utsNsId'),
    },
    netId: own?.netNsId,
  };
}
