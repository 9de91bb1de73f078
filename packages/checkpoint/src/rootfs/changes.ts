/**
 * What the container had changed in its root filesystem, as rows: from rootfs-diff.tar, from the deletions beside it
 * (`deleted.files`) and those within it (whiteouts of OCI layers and of overlayfs). Names are raw text.
 */
import { type Digest, digestSource } from '@stillframe/core';
import type { Archive, OpenArchiveOptions } from '../archive/open.ts';
import type { ArchiveEntry } from '../archive/tar-entry.ts';
import { normaliseName } from '../archive/tar-entry.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { openRootfsDiff } from '../rootfs-diff.ts';
import type { RootfsTree } from '../rootfs-tree.ts';

/**
 * What was done to a path. Whether something was `added` or `changed` only the image can tell: without it, it is
 * `written`. `replaced` is a folder of which nothing but what is listed is left.
 */
export type ChangeKind = 'added' | 'changed' | 'written' | 'replaced' | 'deleted';

/**
 * What makes a file worth a second look. `capabilities`: it gives whoever runs it rights of its own. `mountpoint`: the
 * runtime made the path to mount something there, and the container saw that and not this.
 */
export type ChangeFlag = 'setuid' | 'setgid' | 'device' | 'capabilities' | 'world-writable' | 'mountpoint';

/** One path. Facts of the file are undefined for one that was deleted. */
export interface RootfsChange {
  /** In the container, beginning with a slash. */
  readonly path: string;
  readonly change: ChangeKind;
  readonly type: ArchiveEntry['kind'] | undefined;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Bytes; 0 for what has no content. */
  readonly size: number | undefined;
  /** Seconds since 1970. */
  readonly modified: number | undefined;
  /** Target of a symbolic or hard link, as written. */
  readonly linkTarget: string | undefined;
  /** `character 1:3`. */
  readonly device: string | undefined;
  readonly flags: readonly ChangeFlag[];
  /** Of the content, where it was asked for and there is any. */
  readonly sha256: Digest | undefined;
  /** How the deletion is recorded. */
  readonly recordedBy: 'rootfs-diff.tar' | 'deleted.files';
}

/** Options of readChanges. */
export interface ChangesOptions extends Pick<OpenArchiveOptions, 'signal' | 'partial'> {
  /** Whether the content of every file is read for its digest, or of which paths. */
  digests?: boolean | ((path: string) => boolean) | undefined;
  /** Layers of the container's image, topmost first: they tell what is new and what is another content. */
  image?: readonly RootfsTree[] | undefined;
  /** The diff, where the caller has it open; it stays open. */
  diff?: Archive | undefined;
  /** Paths at which something was mounted. */
  mountpoints?: ReadonlySet<string> | undefined;
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const SETUID = 0o4000;
const SETGID = 0o2000;
const STICKY = 0o1000;
const WORLD_WRITABLE = 0o002;

/**
 * Yields the changes ordered by the archive, deletions of `deleted.files` last. Nothing where the engine recorded no
 * changes, which `changesRecorded` tells apart from none made. Throws what openRootfsDiff throws; faults of the diff itself
 * go to `fault`.
 */
export async function* readChanges(
  checkpoint: Pick<Checkpoint, 'archive' | 'documents'>,
  options: ChangesOptions = {},
  fault: (diagnostics: Archive['diagnostics']) => void = () => undefined,
): AsyncGenerator<RootfsChange, void, undefined> {
  const { signal, partial } = options;
  await using opened = options.diff ? undefined : await openRootfsDiff(checkpoint, { signal, partial });
  const diff = options.diff ?? opened;
  for (const entry of diff?.entries.values() ?? []) {
    options.signal?.throwIfAborted();
    if (diff) yield await changeOf(entry, diff, options);
  }
  for (const path of checkpoint.documents.deletedFiles) yield deletion(rooted(path), 'deleted.files');
  if (diff) fault(diff.diagnostics);
}

/** Whether the checkpoint says anything of changes: an engine may have been told to leave them out, or had none to write. */
export function changesRecorded({ archive, documents }: Pick<Checkpoint, 'archive' | 'documents'>): boolean {
  return archive.entries.get('rootfs-diff.tar')?.kind === 'file' || documents.deletedFiles.length > 0;
}

async function changeOf(entry: ArchiveEntry, diff: Archive, options: ChangesOptions): Promise<RootfsChange> {
  const slash = entry.name.lastIndexOf('/') + 1;
  const [folder, base] = [entry.name.slice(0, slash), entry.name.slice(slash)];
  if (base === OPAQUE)
    return { path: rooted(folder), ...factsOf(entry), change: 'replaced', type: 'folder', ...UNSAID };
  if (base.startsWith(WHITEOUT)) return deletion(rooted(folder + base.slice(WHITEOUT.length)), 'rootfs-diff.tar');
  const { device } = entry;
  if (device?.kind === 'character' && device.major === 0 && device.minor === 0) {
    return deletion(rooted(entry.name), 'rootfs-diff.tar');
  }
  const opaque = entry.xattrs?.some((name) => name.endsWith('.overlay.opaque')) ?? false;
  const facts = factsOf(entry);
  const path = rooted(entry.name);
  return {
    path,
    ...facts,
    flags: options.mountpoints?.has(path) ? [...facts.flags, 'mountpoint'] : facts.flags,
    change: opaque ? 'replaced' : await kindOf(entry, options.image),
    sha256:
      wantsDigest(path, options) && entry.kind === 'file' && !entry.truncated
        ? await digestSource(diff.open(entry.name), options)
        : undefined,
  };
}

function wantsDigest(path: string, { digests = false }: ChangesOptions): boolean {
  return typeof digests === 'function' ? digests(path) : digests;
}

/** A whiteout of a folder has facts of its own, which say nothing of the folder. */
const UNSAID = { mode: undefined, uid: undefined, gid: undefined, modified: undefined, flags: [] } as const;

function factsOf(entry: ArchiveEntry): Omit<RootfsChange, 'path' | 'change'> {
  const { kind, mode, owner, size, mtime, linkName, device } = entry;
  return {
    type: kind,
    mode: mode & 0o7777,
    uid: owner?.uid,
    gid: owner?.gid,
    size,
    modified: mtime,
    linkTarget: linkName,
    device: device && `${device.kind} ${device.major}:${device.minor}`,
    flags: flagsOf(entry),
    sha256: undefined,
    recordedBy: 'rootfs-diff.tar',
  };
}

function flagsOf({ kind, mode, xattrs }: ArchiveEntry): readonly ChangeFlag[] {
  const runs = kind === 'file' || kind === 'link';
  const writable = (kind === 'file' || (kind === 'folder' && (mode & STICKY) === 0)) && (mode & WORLD_WRITABLE) !== 0;
  return [
    ...(runs && (mode & SETUID) !== 0 ? (['setuid'] as const) : []),
    ...(runs && (mode & SETGID) !== 0 ? (['setgid'] as const) : []),
    ...(kind === 'device' ? (['device'] as const) : []),
    ...(xattrs?.includes('security.capability') ? (['capabilities'] as const) : []),
    ...(writable ? (['world-writable'] as const) : []),
  ];
}

/** Trees tell of regular files only; of folders and links nothing is known. */
async function kindOf({ name, kind }: ArchiveEntry, image: readonly RootfsTree[] | undefined): Promise<ChangeKind> {
  if (image === undefined || kind !== 'file') return 'written';
  for (const layer of image) {
    const found = await layer.find(name);
    if (found.kind === 'file') return 'changed';
    // Deleted or something else in this layer, or a link, which could be the same file by another way.
    if (found.kind === 'hidden') return 'written';
  }
  return 'added';
}

function deletion(path: string, recordedBy: RootfsChange['recordedBy']): RootfsChange {
  return {
    ...{ path, change: 'deleted', recordedBy, type: undefined, mode: undefined, uid: undefined, gid: undefined },
    ...{ size: undefined, modified: undefined, linkTarget: undefined, device: undefined, flags: [], sha256: undefined },
  };
}

/** One form for all: a slash at the beginning and none at the end. */
function rooted(path: string): string {
  return `/${normaliseName(path.replace(/^\/+/, '')) ?? ''}`;
}
