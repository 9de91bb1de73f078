/** The mount tree of a dump (mountpoints-<mount namespace>). Paths, sources and options are raw text. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';

/** One mount. */
export interface Mount {
  /** CRIU's id of the mount namespace. */
  readonly namespaceId: number;
  readonly mountId: number;
  readonly parentId: number;
  /** Number of its device as the kernel has it inside, which names tmpfs images. */
  readonly device: number;
  /** Filesystem type; `fstype-<n>` where CRIU recorded only a number that is not known here. */
  readonly type: string;
  /** Path in the container. */
  readonly mountpoint: string;
  /** Which part of the filesystem is mounted. */
  readonly root: string;
  readonly source: string;
  readonly options: string;
  /** MS_* bits. */
  readonly flags: number;
  /** Provided from outside at restore, as bind mounts of a container are; `key` is what the runtime maps to a source. */
  readonly external: { readonly key: string } | undefined;
}

/** Numbers that CRIU's mnt_entry.fstype stands for (enum fstype in CRIU's mnt.proto). */
const TYPES: readonly string[] = [
  'unsupported',
  'proc',
  'sysfs',
  'devtmpfs',
  'binfmt_misc',
  'tmpfs',
  'devpts',
  'simfs',
  'pstore',
  'securityfs',
  'fusectl',
  'debugfs',
  'cgroup',
  'aufs',
  'mqueue',
  'fuse',
  'auto',
  'overlay',
  'autofs',
  'tracefs',
];

/** All mounts of all mount namespaces, in the order of the images. */
export async function readMounts(images: ImageSet, options: SignalOptions = {}): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  for (const namespaceId of images.ids('mountpoints')) {
    for await (const entry of images.entries('mountpoints', namespaceId, options)) {
      mounts.push({
        namespaceId,
        mountId: entry.mntId,
        parentId: entry.parentMntId,
        device: entry.rootDev,
        type: entry.fsname || (TYPES[entry.fstype] ?? `fstype-${entry.fstype}`),
        mountpoint: entry.mountpoint,
        root: entry.root,
        source: entry.source,
        options: entry.options,
        flags: entry.flags,
        external: entry.extMount || entry.extKey !== '' ? { key: entry.extKey } : undefined,
      });
    }
  }
  return mounts;
}
