/** The CRIU image sets of an archive: that of the checkpoint, and those of the dumps before it to which it leaves pages. */
import type { Diagnostics } from '@stillframe/core';
import { type ImageFiles, type ImageSet, openImageSet } from '@stillframe/criu-image';
import { marksImages } from './archive/folder.ts';
import type { Archive } from './archive/open.ts';
import type { ArchiveEntry } from './archive/tar-entry.ts';
import { checkpointError } from './errors.ts';

type Entries = ReadonlyMap<string, ArchiveEntry>;
type Opened = Pick<Archive, 'entries' | 'open' | 'label'>;

/** The folder of the last dump; that of a bare set; that of the dump before, which podman keeps beside it. */
const FOLDERS = ['checkpoint/', '', 'pre-checkpoint/'] as const;
/** Docker keeps each checkpoint of a container in a folder of its own. */
const DOCKER = /^checkpoints\/([^/]+)\/inventory\.img$/;
/** CRIU writes its statistics to the working folder, which engines archive beside the images. */
const BESIDE = ['stats-dump'];
/** The link that CRIU makes in the folder of an incremental dump. */
const PARENT = 'parent';
/** Dumps of one chain. */
const LONGEST = 256;

/**
 * The folder that holds the images, with a slash behind it where it has a name. Throws ERR_CHECKPOINT_AMBIGUOUS for a
 * folder of Docker's with several checkpoints.
 */
export function imageFolder(entries: Entries, label: string): string {
  const whole = FOLDERS.find((folder) => entries.get(`${folder}inventory.img`)?.kind === 'file');
  if (whole !== undefined) return whole;
  const names = [...entries.keys()].map((name) => DOCKER.exec(name)?.[1]).filter((name) => name !== undefined);
  if (names.length > 1) {
    const some = names.slice(0, 20).join(', ');
    throw checkpointError('ERR_CHECKPOINT_AMBIGUOUS', `${label} holds ${names.length} checkpoints: ${some}`);
  }
  if (names[0] !== undefined) return `checkpoints/${names[0]}/`;
  const found = foldersWithImages(entries);
  return FOLDERS.find((folder) => found.has(folder)) ?? FOLDERS[0];
}

/** The files directly in `folder` of an archive, by default that of its checkpoint. */
export function imageFiles({ entries, open, label }: Opened, folder = imageFolder(entries, label)): ImageFiles {
  const entryOf = new Map<string, string>();
  for (const name of BESIDE) if (entries.get(name)?.kind === 'file') entryOf.set(name, name);
  for (const { name, kind } of entries.values()) {
    if (kind !== 'file' || !name.startsWith(folder)) continue;
    const plain = name.slice(folder.length);
    if (!plain.includes('/')) entryOf.set(plain, name);
  }
  return {
    names: () => entryOf.keys(),
    open(name) {
      const entry = entryOf.get(name);
      return entry === undefined ? undefined : open(entry);
    },
  };
}

/**
 * Opens the image set of an archive with the dumps before it: where its `parent` link names a folder of the same archive,
 * that one, else the next of `earlier` (newest first). A link is never followed out of an archive, and no circle of them
 * is walked; both are told.
 */
export function openImageSets(archive: Opened, diagnostics: Diagnostics, earlier: readonly Opened[] = []): ImageSet {
  return chained(linkTo(archive, imageFolder(archive.entries, archive.label), earlier, diagnostics));
}

interface Link {
  archive: Opened;
  folder: string;
  earlier: readonly Opened[];
  diagnostics: Diagnostics;
  /** Folders of this archive that hold pages or a whole set. */
  folders: () => ReadonlySet<string>;
  /** Folders of this archive that the chain has been through. */
  seen: Set<string>;
}

/** The first link of a chain through `archive`. */
function linkTo(archive: Opened, folder: string, earlier: readonly Opened[], diagnostics: Diagnostics): Link {
  let found: ReadonlySet<string> | undefined;
  const folders = () => {
    found ??= foldersWithImages(archive.entries);
    return found;
  };
  return { archive, folder, earlier, diagnostics, folders, seen: new Set() };
}

function chained(link: Link): ImageSet {
  const links = [link];
  for (let at = parentOf(link); at && links.length < LONGEST; at = parentOf(at)) links.push(at);
  let set: ImageSet | undefined;
  for (const [index, { archive, folder, diagnostics }] of [...links.entries()].reverse()) {
    const name = index === 0 ? undefined : folder.slice(0, -1) || archive.label;
    set = openImageSet(imageFiles(archive, folder), { diagnostics, parent: set, folder: name });
  }
  return set ?? openImageSet({ names: () => [], open: () => undefined }, { diagnostics: link.diagnostics });
}

/** Where the dump before lies; undefined where there is none, or none that may be read. */
function parentOf(link: Link): Link | undefined {
  const { archive, folder, earlier, diagnostics, seen } = link;
  const entry = archive.entries.get(`${folder}${PARENT}`);
  seen.add(folder);
  const target = entry && targetOf(link, entry);
  if (target !== undefined && seen.has(target)) {
    const message = `${target || 'the set'} would be an earlier dump of itself`;
    diagnostics.add({ id: 'parent-cyclic', severity: 'error', source: `${folder}${PARENT}`, message });
    return undefined;
  }
  if (target !== undefined) return { ...link, folder: target };
  const [next, ...rest] = earlier;
  if (next) return linkTo(next, imageFolder(next.entries, next.label), rest, diagnostics);
  if (entry) {
    const message = 'pages are left to an earlier dump that is not in the archive; give it with --parent';
    diagnostics.add({ id: 'parent-missing', severity: 'warning', source: `${folder}${PARENT}`, message });
  }
  return undefined;
}

/** The folder of this archive that a `parent` entry stands for: a link to it, or that folder itself. */
function targetOf({ folder, folders }: Link, entry: ArchiveEntry): string | undefined {
  const raw = entry.kind === 'folder' ? PARENT : entry.kind === 'symlink' ? entry.linkName : undefined;
  if (raw === undefined || raw.startsWith('/') || raw.length > 4096) return undefined;
  const parts = folder.split('/').filter((part) => part !== '');
  for (const part of raw.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  const target = parts.length === 0 ? '' : `${parts.join('/')}/`;
  return folders().has(target) ? target : undefined;
}

/** A dump made ahead of the real one (pre-dump) has pages and no inventory. */
function foldersWithImages(entries: Entries): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const name of entries.keys()) {
    const at = name.lastIndexOf('/') + 1;
    if (marksImages(name.slice(at))) folders.add(name.slice(0, at));
  }
  return folders;
}
