/** The mounts of a dump (mountpoints-<mount namespace>). Paths, sources and options are raw text. */
import { deviceText, fileNameOf, type ImageSet, type SignalOptions } from '@stillframe/criu-image';
import type { mnt_entry } from '@stillframe/criu-image/proto';
import type { SpecDump, SpecMount } from '../metadata/spec-dump.ts';
import { mountOptions, type Propagation, propagationOf } from './mount-flags.ts';

/**
 * What a mount is to the container: its root; one by which the runtime hides a path, or makes it read-only; one that the
 * runtime provides, such as a place of the host; a part of a filesystem of the container's own; or one mounted whole.
 */
export type MountRole = 'root' | 'masked' | 'read-only' | 'external' | 'bind' | 'filesystem';

/** One mount. */
export interface Mount {
  /** CRIU's id of the mount namespace. */
  readonly namespaceId: number;
  readonly mountId: number;
  readonly parentId: number;
  /**
   * Filesystem type. CRIU names the ones that it makes anew; of others it is what the specification says (`bind`), `bind`
   * for a part of a filesystem, or `unknown`. `fstype-<n>` where CRIU recorded a number that is not known here.
   */
  readonly type: string;
  /** Path in the container. */
  readonly mountpoint: string;
  /** Which part of the filesystem is mounted: of a bind mount, the path on the filesystem of the host. */
  readonly root: string;
  readonly source: string;
  readonly options: string;
  /** MS_* bits. */
  readonly flags: number;
  /** Provided from outside at restore, as bind mounts of a container are; `key` is what the runtime maps to a source. */
  readonly external: { readonly key: string } | undefined;
  readonly role: MountRole;
  /** `flags` by name: `rw`, `nosuid`… */
  readonly flagNames: readonly string[];
  /** Of the whole filesystem, where it is recorded. */
  readonly filesystemFlagNames: readonly string[] | undefined;
  readonly propagation: Propagation;
  /** `major:minor`. */
  readonly device: string;
  /** The mount of the specification that made it: its source is the path on the host. */
  readonly spec: SpecMount | undefined;
  /** The image that holds the files of a tmpfs, a tar with gzip; undefined where they were not captured. */
  readonly content: { readonly image: string; readonly bytes: number } | undefined;
  /** Whether the mounted path had been removed. */
  readonly deleted: boolean;
}

/** Options of readMounts. */
export interface MountsOptions extends SignalOptions {
  /** The container's specification, for sources on the host. */
  spec?: SpecDump | undefined;
}

/** Numbers that CRIU's mnt_entry.fstype stands for (enum fstype in CRIU's mnt.proto); 0 is one that it does not name. */
const TYPES: Readonly<Record<number, string>> = {
  ...{ 1: 'proc', 2: 'sysfs', 3: 'devtmpfs', 4: 'binfmt_misc', 5: 'tmpfs', 6: 'devpts', 7: 'simfs', 8: 'pstore' },
  ...{ 9: 'securityfs', 10: 'fusectl', 11: 'debugfs', 12: 'cgroup', 13: 'aufs', 14: 'mqueue', 15: 'fuse', 16: 'auto' },
  ...{ 17: 'overlay', 18: 'autofs', 19: 'tracefs', 23: 'cgroup2' },
};

/** All mounts of all mount namespaces, in the order of the images: CRIU writes the last mounted first. */
export async function readMounts(images: ImageSet, options: MountsOptions = {}): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  const specMounts = new Map((options.spec?.mounts ?? []).map((mount) => [plainPath(mount.destination), mount]));
  const shielded = {
    masked: new Set(options.spec?.maskedPaths.map(plainPath)),
    readOnly: new Set(options.spec?.readonlyPaths.map(plainPath)),
  };
  for (const namespaceId of images.ids('mountpoints')) {
    for await (const entry of images.entries('mountpoints', namespaceId, options)) {
      const external = entry.extMount || entry.extKey !== '' ? { key: entry.extKey } : undefined;
      const spec =
        specMounts.get(plainPath(external?.key || entry.mountpoint)) ?? specMounts.get(plainPath(entry.mountpoint));
      const role = roleOf(entry, external !== undefined, shielded);
      mounts.push({
        namespaceId,
        mountId: entry.mntId,
        parentId: entry.parentMntId,
        type: typeOf(entry, external !== undefined, spec),
        mountpoint: entry.mountpoint,
        root: entry.root,
        source: entry.source,
        options: entry.options,
        flags: entry.flags,
        external,
        role,
        flagNames: mountOptions(entry.flags),
        filesystemFlagNames: Object.hasOwn(entry, 'sbFlags') ? mountOptions(entry.sbFlags) : undefined,
        propagation: propagationOf(entry.flags, entry.sharedId, entry.masterId),
        device: deviceText(BigInt(entry.rootDev), false),
        spec,
        content: contentOf(images, entry),
        deleted: entry.deleted,
      });
    }
  }
  return mounts;
}

function roleOf(
  entry: mnt_entry,
  external: boolean,
  { masked, readOnly }: Record<'masked' | 'readOnly', ReadonlySet<string>>,
): MountRole {
  if (entry.mountpoint === '/') return 'root';
  if (masked.has(plainPath(entry.mountpoint))) return 'masked';
  if (readOnly.has(plainPath(entry.mountpoint))) return 'read-only';
  if (external) return 'external';
  return entry.root === '/' ? 'filesystem' : 'bind';
}

function typeOf(entry: mnt_entry, external: boolean, spec: SpecMount | undefined): string {
  if (entry.fsname !== '') return entry.fsname;
  if (entry.fstype !== 0) return TYPES[entry.fstype] ?? `fstype-${entry.fstype}`;
  return spec?.type || (external || entry.root !== '/' ? 'bind' : 'unknown');
}

/** CRIU names the image after the device, old ones after the mount. */
function contentOf(images: ImageSet, { rootDev, mntId, root }: mnt_entry): Mount['content'] {
  // A part of a tmpfs that is mounted elsewhere, too, is in the image of the whole.
  if (root !== '/') return undefined;
  const candidates = [
    ['tmpfs-dev', rootDev],
    ['tmpfs', mntId],
  ] as const;
  for (const [kind, id] of candidates) {
    const source = images.source(kind, id);
    if (source) return { image: fileNameOf(kind, id), bytes: source.size };
  }
  return undefined;
}

function plainPath(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}
