/** Facts of an entry from its header and the pax records that overrule it. */
import type { ArchiveEntry } from './tar-entry.ts';
import type { TarHeader } from './tar-header.ts';
import type { PaxRecords } from './tar-pax.ts';

/** How GNU tar, Go and libarchive name extended attributes in pax records. */
const XATTR = 'SCHILY.xattr.';

/** A record that is not taken back by an empty one. */
export function textRecord(records: PaxRecords, key: string): string | undefined {
  const value = records.get(key);
  return value === '' ? undefined : value;
}

/** Bytes of the body, as claimed; undefined where a record has no number. */
export function sizeOf(header: TarHeader, records: PaxRecords): bigint | undefined {
  const text = textRecord(records, 'size');
  if (text === undefined) return header.size;
  return /^[0-9]{1,20}$/.test(text) ? BigInt(text) : undefined;
}

/** Seconds since 1970. */
export function mtimeOf(header: TarHeader, records: PaxRecords): number {
  const text = textRecord(records, 'mtime');
  if (text === undefined || !/^-?[0-9]{1,15}(\.[0-9]{0,20})?$/.test(text)) return header.mtime;
  return Number(text);
}

/** Owner and group. */
export function ownerOf(header: TarHeader, records: PaxRecords): { uid: number; gid: number } {
  return { uid: idOf(records, 'uid') ?? header.uid, gid: idOf(records, 'gid') ?? header.gid };
}

function idOf(records: PaxRecords, key: 'uid' | 'gid'): number | undefined {
  const text = textRecord(records, key);
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}

/** What a device entry stands for. */
export function deviceOf(header: TarHeader): ArchiveEntry['device'] {
  return { kind: header.type === '3' ? 'character' : 'block', major: header.deviceMajor, minor: header.deviceMinor };
}

/** Names of the extended attributes that are kept (tar-pax), where there are any. */
export function xattrsOf(records: PaxRecords): Pick<ArchiveEntry, 'xattrs'> {
  if (records.size === 0) return {};
  const names = [...records.keys()].filter((key) => key.startsWith(XATTR)).map((key) => key.slice(XATTR.length));
  return names.length === 0 ? {} : { xattrs: names };
}
