/** The open files of every process, and the files it is made of: executable, working folder, root (fdinfo, files, fs, mm). */
import { limits } from '@stillframe/core';
import type { EntryOf, ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { fd_types, fdinfo_entry, file_entry } from '@stillframe/criu-image/proto';
import { describeFile, type FileContext, type FileTarget } from './file-target.ts';

/** One fd of one process. */
export interface OpenFile {
  readonly fd: number;
  /** open(2) flags that belong to the fd: FD_CLOEXEC is 1. */
  readonly fdFlags: number;
  readonly target: FileTarget;
}

/** Paths a process is tied to; undefined where the dump does not tell. Raw text. */
export interface ProcessPaths {
  readonly executable: string | undefined;
  readonly workingFolder: string | undefined;
  readonly root: string | undefined;
}

/** Kinds that held files before CRIU 3.0 merged them into files.img, and the field of file_entry they fill. */
const LEGACY = [
  ['reg-files', 'reg'],
  ['inetsk', 'isk'],
  ['ns-files', 'nsf'],
  ['packetsk', 'psk'],
  ['netlinksk', 'nlsk'],
  ['eventfd', 'efd'],
  ['eventpoll', 'epfd'],
  ['signalfd', 'sgfd'],
  ['tunfile', 'tunf'],
  ['timerfd', 'tfd'],
  ['inotify', 'ify'],
  ['fanotify', 'ffy'],
  ['ext-files', 'ext'],
  ['unixsk', 'usk'],
  ['fifo', 'fifo'],
  ['pipes', 'pipe'],
  ['tty', 'tty'],
] as const;

/** All files of a dump by id, with what describes them. */
export class FileTable {
  readonly #images: ImageSet;
  readonly #entries: ReadonlyMap<number, file_entry>;
  readonly #context: FileContext;

  constructor(images: ImageSet, entries: ReadonlyMap<number, file_entry>, context: FileContext) {
    this.#images = images;
    this.#entries = entries;
    this.#context = context;
  }

  /** What the file with this id is; `missing` where the dump has none. */
  target(id: number): FileTarget {
    const entry = this.#entries.get(id);
    return entry ? describeFile(entry, this.#context) : { type: 'missing' };
  }

  /** Path of a file that has one. */
  path(id: number | undefined): string | undefined {
    const target = id === undefined ? undefined : this.target(id);
    return target && 'path' in target ? target.path : undefined;
  }

  /** The open files of a process by ascending fd. Empty for a dead one. */
  async openFiles(pid: number, options: SignalOptions = {}): Promise<readonly OpenFile[]> {
    const fds = await this.fds(pid, options);
    return fds.map(({ fd, flags, id }) => ({ fd, fdFlags: flags, target: this.target(id) }));
  }

  /** The fds of a process in ascending order, with the ids of their files. Empty for a dead one. */
  async fds(pid: number, options: SignalOptions = {}): Promise<readonly fdinfo_entry[]> {
    const ids = await this.#images.single('ids', pid, options);
    const filesId = ids?.filesId ?? (await this.#images.single('core', pid, options))?.ids?.filesId;
    if (filesId === undefined) return [];
    const fds = await Array.fromAsync(this.#images.entries('fdinfo', filesId, options));
    return fds.sort((a, b) => a.fd - b.fd);
  }

  /** All files as the images have them, by id. */
  get entries(): ReadonlyMap<number, file_entry> {
    return this.#entries;
  }

  async paths(pid: number, options: SignalOptions = {}): Promise<ProcessPaths> {
    const mm = await this.#images.single('mm', pid, options);
    const fs = await this.#images.single('fs', pid, options);
    return { executable: this.path(mm?.exeFileId), workingFolder: this.path(fs?.cwdId), root: this.path(fs?.rootId) };
  }

  /** The id of the shared memory segment behind a memfd, which names its pagemap-shmem image. */
  memfdSegment(id: number): number | undefined {
    const inode = this.#entries.get(id)?.memfd?.inodeId;
    return inode === undefined ? undefined : this.#context.memfd(inode)?.shmid;
  }
}

/** Reads all files of a dump once. */
export async function readFileTable(images: ImageSet, options: SignalOptions = {}): Promise<FileTable> {
  const entries = new Map<number, file_entry>();
  for await (const entry of images.entries('files', undefined, options)) entries.set(entry.id, entry);
  for (const [kind, field] of LEGACY) {
    for await (const message of images.entries(kind, undefined, options)) {
      if (entries.size >= limits.criuEntries) break;
      entries.set(message.id, legacyEntry(field, message));
    }
  }
  return new FileTable(images, entries, await readContext(images, entries, options));
}

function legacyEntry(field: (typeof LEGACY)[number][1], message: EntryOf<(typeof LEGACY)[number][0]>): file_entry {
  return { $typeName: 'file_entry', type: 0 satisfies fd_types, id: message.id, [field]: message };
}

async function readContext(
  images: ImageSet,
  entries: ReadonlyMap<number, file_entry>,
  options: SignalOptions,
): Promise<FileContext> {
  const deleted = new Set<number>();
  for await (const { origId } of images.entries('remap-fpath', undefined, options)) deleted.add(origId);
  const memfds = new Map<number, { name: string; size: bigint; shmid: number }>();
  for await (const { inodeId, name, size, shmid } of images.entries('memfd', undefined, options)) {
    memfds.set(Number(inodeId), { name, size, shmid });
  }
  const ttys = new Map<number, number>();
  for await (const { id, sid } of images.entries('tty-info', undefined, options)) ttys.set(id, sid);
  return {
    pathOf: (id) => {
      const name = entries.get(id)?.reg?.name;
      return name === undefined || name.startsWith('/') ? name : `/${name}`;
    },
    isDeleted: (id) => deleted.has(id),
    memfd: (inodeId) => memfds.get(inodeId),
    ttySid: (id) => ttys.get(id),
  };
}
