/** What inotify and fanotify instances watch. Paths are raw text. */
import { deviceText } from '@stillframe/criu-image';
import type {
  fanotify_file_entry,
  fanotify_mark_entry,
  fh_entry,
  inotify_file_entry,
} from '@stillframe/criu-image/proto';
import { type NamedBits, namesOfBits } from '../flag-names.ts';
import { recorded } from '../recorded.ts';

/** The inode that is watched. */
export interface WatchedInode {
  readonly inode: bigint;
  /** `major:minor` of its filesystem. */
  readonly device: string;
  /** Where CRIU found the inode; undefined where it went without. */
  readonly path: string | undefined;
  readonly mountId: number | undefined;
  /** File handle as name_to_handle_at(2) gives it, in base 16, with its type. */
  readonly handle: { readonly type: number; readonly bytes: string };
}

export interface InotifyWatch extends WatchedInode {
  /** The number that inotify_add_watch(2) gave. */
  readonly descriptor: number;
  /** IN_* by name. */
  readonly mask: readonly string[];
  readonly ignored: readonly string[];
}

export interface FanotifyMark {
  readonly on: 'inode' | 'mount' | 'unknown';
  /** Of a mark on an inode. */
  readonly inode: WatchedInode | undefined;
  /** Of a mark on a mount: its id, and where it is mounted if the dump tells. */
  readonly mount: { readonly mountId: number; readonly path: string | undefined } | undefined;
  /** FAN_* by name. */
  readonly mask: readonly string[];
  readonly ignored: readonly string[];
  /** FAN_MARK_* by name. */
  readonly flags: readonly string[];
}

/** What both interfaces call alike, but for the prefix (uapi inotify.h, fanotify.h). */
const EVENTS: NamedBits = [
  ['ACCESS', 0x1],
  ['MODIFY', 0x2],
  ['ATTRIB', 0x4],
  ['CLOSE_WRITE', 0x8],
  ['CLOSE_NOWRITE', 0x10],
  ['OPEN', 0x20],
  ['MOVED_FROM', 0x40],
  ['MOVED_TO', 0x80],
  ['CREATE', 0x100],
  ['DELETE', 0x200],
  ['DELETE_SELF', 0x400],
  ['MOVE_SELF', 0x800],
  ['Q_OVERFLOW', 0x4000],
];
const prefixed = (prefix: string): NamedBits => EVENTS.map(([name, bits]) => [`${prefix}_${name}`, bits]);

const INOTIFY: NamedBits = [
  ...prefixed('IN'),
  ['IN_UNMOUNT', 0x2000],
  ['IN_IGNORED', 0x8000],
  ['IN_ONLYDIR', 0x1000000],
  ['IN_DONT_FOLLOW', 0x2000000],
  ['IN_EXCL_UNLINK', 0x4000000],
  // Set by the kernel itself, and of no name in its uapi.
  ['FS_EVENT_ON_CHILD', 0x8000000],
  ['IN_MASK_CREATE', 0x10000000],
  ['IN_MASK_ADD', 0x20000000],
  ['IN_ISDIR', 0x40000000],
  ['IN_ONESHOT', 0x80000000],
];

const FANOTIFY: NamedBits = [
  ...prefixed('FAN'),
  ['FAN_OPEN_EXEC', 0x1000],
  ['FAN_FS_ERROR', 0x8000],
  ['FAN_OPEN_PERM', 0x10000],
  ['FAN_ACCESS_PERM', 0x20000],
  ['FAN_OPEN_EXEC_PERM', 0x40000],
  ['FAN_EVENT_ON_CHILD', 0x8000000],
  ['FAN_RENAME', 0x10000000],
  ['FAN_ONDIR', 0x40000000],
];

const MARKS: NamedBits = [
  ['FAN_MARK_ADD', 0x1],
  ['FAN_MARK_REMOVE', 0x2],
  ['FAN_MARK_DONT_FOLLOW', 0x4],
  ['FAN_MARK_ONLYDIR', 0x8],
  ['FAN_MARK_MOUNT', 0x10],
  ['FAN_MARK_IGNORED_MASK', 0x20],
  ['FAN_MARK_IGNORED_SURV_MODIFY', 0x40],
  ['FAN_MARK_FLUSH', 0x80],
  ['FAN_MARK_FILESYSTEM', 0x100],
  ['FAN_MARK_EVICTABLE', 0x200],
  ['FAN_MARK_IGNORE', 0x400],
];

const GROUPS: NamedBits = [
  ['FAN_CLOEXEC', 0x1],
  ['FAN_NONBLOCK', 0x2],
  ['FAN_CLASS_CONTENT', 0x4],
  ['FAN_CLASS_PRE_CONTENT', 0x8],
  ['FAN_UNLIMITED_QUEUE', 0x10],
  ['FAN_UNLIMITED_MARKS', 0x20],
  ['FAN_ENABLE_AUDIT', 0x40],
  ['FAN_REPORT_PIDFD', 0x80],
  ['FAN_REPORT_TID', 0x100],
  ['FAN_REPORT_FID', 0x200],
  ['FAN_REPORT_DIR_FID', 0x400],
  ['FAN_REPORT_NAME', 0x800],
  ['FAN_REPORT_TARGET_FID', 0x1000],
];

export function inotifyWatches({ wd }: inotify_file_entry): readonly InotifyWatch[] {
  return wd.map((watch) => ({
    ...watchedInode(watch.iIno, watch.sDev, watch.fHandle),
    descriptor: watch.wd,
    mask: namesOfBits(watch.mask, INOTIFY),
    ignored: namesOfBits(watch.ignoredMask, INOTIFY),
  }));
}

/** `mountpoint` names a mount by its id. */
export function fanotifyMarks(
  { mark }: fanotify_file_entry,
  mountpoint: (mountId: number) => string | undefined,
): readonly FanotifyMark[] {
  return mark.map((each) => ({
    ...placeOf(each, mountpoint),
    mask: namesOfBits(each.mask, FANOTIFY),
    ignored: namesOfBits(each.ignoredMask, FANOTIFY),
    flags: namesOfBits(each.mflags, MARKS),
  }));
}

/** FAN_* flags of fanotify_init(2) by name; a group without a class is FAN_CLASS_NOTIF, which is 0. */
export function fanotifyGroupFlags({ faflags }: fanotify_file_entry): readonly string[] {
  return namesOfBits(faflags, GROUPS);
}

function placeOf(
  { ie, me, sDev }: fanotify_mark_entry,
  mountpoint: (mountId: number) => string | undefined,
): Pick<FanotifyMark, 'on' | 'inode' | 'mount'> {
  if (ie) return { on: 'inode', inode: watchedInode(ie.iIno, sDev, ie.fHandle), mount: undefined };
  if (!me) return { on: 'unknown', inode: undefined, mount: undefined };
  return {
    on: 'mount',
    inode: undefined,
    mount: { mountId: me.mntId, path: recorded(me, 'path') ?? mountpoint(me.mntId) },
  };
}

function watchedInode(inode: bigint, device: number, handle: fh_entry | undefined): WatchedInode {
  return {
    inode,
    device: deviceText(BigInt(device), false),
    path: handle && recorded(handle, 'path'),
    mountId: handle && recorded(handle, 'mntId'),
    handle: { type: handle?.type ?? 0, bytes: handle ? handleText(handle) : '' },
  };
}

/** Bytes of the largest handle (MAX_HANDLE_SZ). */
const HANDLE = 128;

function handleText({ bytes, handle }: fh_entry): string {
  const length = Math.min(bytes, HANDLE, handle.length * 8);
  const words = handle.slice(0, HANDLE / 8);
  const whole = Buffer.alloc(words.length * 8);
  for (const [index, word] of words.entries()) whole.writeBigUInt64LE(BigInt.asUintN(64, word), index * 8);
  return whole.toString('hex', 0, length);
}
