/** The archives of a kubelet's folder, by name and kind alone: links, folders and other names are passed over. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { orAbsent } from '@stillframe/core';
import { type ParsedArchiveName, parseArchiveName, reservationOf } from '@stillframe/kubelet/names';

/** Archives that are looked at in one go; the others have their turn once some of these have gone. */
const MOST = 20_000;

/** An archive as it lies there now. */
export interface FoundArchive {
  readonly name: string;
  readonly path: string;
  readonly parsed: ParsedArchiveName;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970 of its last change. */
  readonly changed: number;
  /** Another file, or another content, has another one. */
  readonly version: string;
}

/** What a listing gives. */
export interface FoundArchives {
  /** The oldest capture first. */
  readonly archives: readonly FoundArchive[];
  /** Whether there are more than are looked at. */
  readonly more: boolean;
}

/** Throws the system's error where the folder cannot be read. */
export async function listArchives(folder: string): Promise<FoundArchives> {
  const names: string[] = [];
  const reserved = new Set<string>();
  let more = false;
  for await (const entry of await opendir(folder)) {
    // A node of ours reserves a name before it writes, with a file that begins with a dot.
    if (entry.name.startsWith('.')) {
      if (reserved.size < MOST) reserved.add(entry.name);
    } else if (entry.isFile() && parseArchiveName(entry.name)) {
      if (names.length < MOST) names.push(entry.name);
      else more = true;
    }
  }
  const archives: FoundArchive[] = [];
  for (const name of names.filter((each) => !reserved.has(reservationOf(each)))) {
    const found = await seeArchive(folder, name);
    if (found) archives.push(found);
  }
  return { archives: archives.sort((a, b) => a.parsed.time - b.parsed.time || (a.name < b.name ? -1 : 1)), more };
}

/** Undefined for what has gone meanwhile, or is no file of its own. */
async function seeArchive(folder: string, name: string): Promise<FoundArchive | undefined> {
  const path = join(folder, name);
  const parsed = parseArchiveName(name);
  const found = await orAbsent(lstat(path, { bigint: true }), 'ENOENT');
  if (!parsed || !found?.isFile()) return undefined;
  return { name, path, parsed, size: Number(found.size), changed: Number(found.mtimeMs), version: versionOf(found) };
}

/** What tells one content of a name from another, without reading it. */
export function versionOf(found: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return [found.dev, found.ino, found.size, found.mtimeNs].join(':');
}
