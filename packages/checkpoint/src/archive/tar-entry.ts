/** What an archive holds under a name, and which names are taken at all. */

/** Only `file` is ever opened. `sparse` and `unknown` are listed so that nothing is hidden. */
export type EntryKind = 'file' | 'folder' | 'link' | 'symlink' | 'device' | 'fifo' | 'sparse' | 'unknown';

/** One entry of an archive. All text is untrusted and raw: make it harmless where it is shown. */
export interface ArchiveEntry {
  /** Normalised: relative, `/` between parts, no `.` or `..`, no trailing slash. */
  readonly name: string;
  readonly kind: EntryKind;
  /** Bytes of the body that the archive really holds. */
  readonly size: number;
  /** Where the body begins in the (uncompressed) archive; 0 for a folder on disk. */
  readonly offset: number;
  /** Where the header block begins; 0 for a folder on disk. */
  readonly headerOffset: number;
  /** Permission bits. */
  readonly mode: number;
  /** Seconds since 1970, with a fraction where the archive has one. */
  readonly mtime: number;
  /** Absent where an index of another form than tar has none. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Of a device. */
  readonly device?:
    | { readonly kind: 'character' | 'block'; readonly major: number; readonly minor: number }
    | undefined;
  /** Names of the extended attributes that mean something to us, where it has any: `security.capability`. */
  readonly xattrs?: readonly string[];
  /** Target of a link, as written. */
  readonly linkName?: string;
  /** The archive ends inside the body. */
  readonly truncated?: true;
}

/** Longest name taken, in UTF-16 units (PATH_MAX is 4096 bytes). */
const LONGEST = 4096;

/** The normalised form of `raw`, or undefined where it is absolute, climbs with `..`, holds NUL, or is empty or overlong. */
export function normaliseName(raw: string): string | undefined {
  if (raw.length > LONGEST || raw.startsWith('/') || raw.includes('\0')) return undefined;
  const parts = raw.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..')) return undefined;
  return parts.join('/');
}

/** Whether `raw` names the root itself (`./`), which archives of a folder begin with and which holds nothing. */
export function namesRoot(raw: string): boolean {
  return /^(\.\/*)+$/.test(raw.slice(0, 64)) && raw.length <= 64;
}

/**
 * Whether an archive of a checkpoint has such entries: files, folders, and the link to the dump before that CRIU makes in
 * an incremental one. Others are told.
 */
export function isExpected(name: string, kind: EntryKind): boolean {
  return kind === 'file' || kind === 'folder' || (kind === 'symlink' && /(^|\/)parent$/.test(name));
}
