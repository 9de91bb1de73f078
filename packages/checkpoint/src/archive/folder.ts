/** A folder on disk served as an archive: an unpacked one, or a bare folder of CRIU images. No link in it is ever followed. */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteSource, type Diagnostic, Diagnostics, limits, messageOf } from '@stillframe/core';
import { readHandle } from '@stillframe/core/file';
import { checkpointError } from '../errors.ts';
import { requireFile } from './reader.ts';
import { type ArchiveEntry, type EntryKind, isExpected } from './tar-entry.ts';

/** Deeper folders than an archive ever has are left out, with a diagnostic. */
const DEEPEST = 16;

/** The files of a folder by the names they have in an archive. */
export interface FolderListing {
  readonly entries: ReadonlyMap<string, ArchiveEntry>;
  readonly diagnostics: readonly Diagnostic[];
  open(name: string): ByteSource;
}

/**
 * Lists `root` and all below it. Where it holds CRIU's images itself it is a bare CRIU folder, and its files are named
 * `checkpoint/…`. Throws ERR_ARCHIVE_LIMIT_EXCEEDED for too many files.
 */
export async function listFolder(
  root: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<FolderListing> {
  const walk = new Walk(options.signal);
  await walk.into(root, '', 0);
  const bare = [...walk.entries.keys()].some(marksImages);
  const entries = bare ? underCheckpoint(walk.entries) : walk.entries;
  return {
    entries,
    diagnostics: walk.diagnostics.list,
    open(name) {
      const entry = requireFile(entries, name);
      const inside = bare ? name.slice('checkpoint/'.length) : name;
      return reopenedSource(join(root, inside), entry.size);
    },
  };
}

/** Whether a file of this name makes its folder one of CRIU images: a pre-dump, or a dump that failed, has no inventory. */
export function marksImages(name: string): boolean {
  return /^(inventory|(pagemap|core|mm)-\d+)\.img$/.test(name);
}

function underCheckpoint(entries: ReadonlyMap<string, ArchiveEntry>): Map<string, ArchiveEntry> {
  return new Map(
    [...entries.values()].map((entry) => [`checkpoint/${entry.name}`, { ...entry, name: `checkpoint/${entry.name}` }]),
  );
}

class Walk {
  readonly entries = new Map<string, ArchiveEntry>();
  readonly diagnostics = new Diagnostics();
  readonly #signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  async into(folder: string, prefix: string, depth: number): Promise<void> {
    this.#signal?.throwIfAborted();
    for (const file of (await readdir(folder)).sort()) {
      const name = prefix === '' ? file : `${prefix}/${file}`;
      const path = join(folder, file);
      const entry = await describe(path, name);
      this.entries.set(name, entry);
      if (this.entries.size > limits.archiveEntries) {
        throw checkpointError(
          'ERR_ARCHIVE_LIMIT_EXCEEDED',
          `the folder holds more than ${limits.archiveEntries} files`,
        );
      }
      if (entry.kind === 'folder' && depth < DEEPEST) await this.into(path, name, depth + 1);
      else if (!isExpected(name, entry.kind))
        this.#note(name, depth >= DEEPEST ? 'lies too deep' : `is a ${entry.kind}; never opened`);
    }
  }

  #note(name: string, what: string): void {
    this.diagnostics.add({
      id: 'folder-entry-skipped',
      severity: 'warning',
      source: name,
      message: `this entry ${what}`,
    });
  }
}

async function describe(path: string, name: string): Promise<ArchiveEntry> {
  const stat = await lstat(path);
  const kind: EntryKind = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'folder'
      : stat.isSymbolicLink()
        ? 'symlink'
        : stat.isFIFO()
          ? 'fifo'
          : 'device';
  return {
    name,
    kind,
    size: kind === 'file' ? stat.size : 0,
    offset: 0,
    headerOffset: 0,
    mode: stat.mode & 0o7777,
    mtime: stat.mtimeMs / 1000,
    owner: { uid: stat.uid, gid: stat.gid },
    ...(kind === 'symlink' ? { linkName: await readlink(path) } : {}),
  };
}

/** A file that is opened anew for every read, and never through a link: a checkpoint of 500 processes has 3,500 images, more than a process may hold open. */
export function reopenedSource(path: string, size: number): ByteSource {
  return {
    size,
    locator: { kind: 'file', path, offset: 0, size },
    async readInto(offset, target, options) {
      options?.signal?.throwIfAborted();
      await using file = await openPlain(path);
      return await readHandle(file, size, offset, target, options);
    },
  };
}

/** O_NOFOLLOW: the file may have been exchanged for a link since it was listed. O_NONBLOCK: or for a FIFO. */
async function openPlain(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw checkpointError('ERR_ARCHIVE_ENTRY_REFUSED', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
