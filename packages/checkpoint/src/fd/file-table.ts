/** The open files of every process, and the files it is made of: executable, working folder, root (fdinfo, files, fs, mm). */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import { core_entry_march, type fdinfo_entry, type file_entry } from '@stillframe/criu-image/proto';
import { readFileContext } from './file-context.ts';
import { absolute, describeFile, type FileContext, type FileTarget } from './file-target.ts';
import { addOldFiles } from './old-images.ts';

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

/** The same by the ids of their files. */
export type ProcessFileIds = { readonly [path in keyof ProcessPaths]: number | undefined };

/** All files of a dump by id, with what describes them. */
export class FileTable {
  /** Whose numbers flags and signals have. */
  readonly machine: core_entry_march;
  readonly #images: ImageSet;
  readonly #entries: ReadonlyMap<number, file_entry>;
  readonly #context: FileContext;

  constructor(
    images: ImageSet,
    entries: ReadonlyMap<number, file_entry>,
    context: FileContext,
    machine: core_entry_march,
  ) {
    this.machine = machine;
    this.#images = images;
    this.#entries = entries;
    this.#context = context;
  }

  /** What the file with this id is; `missing` where the dump has none. */
  target(id: number): FileTarget {
    const entry = this.#entries.get(id);
    return entry ? describeFile(entry, this.#context) : { type: 'missing' };
  }

  /** As CRIU recorded it; undefined where the dump has none. */
  entry(id: number): file_entry | undefined {
    return this.#entries.get(id);
  }

  /** All files of the dump, in the order of its images. */
  entries(): IterableIterator<file_entry> {
    return this.#entries.values();
  }

  /** Path of a file that has one. */
  path(id: number | undefined): string | undefined {
    const entry = id === undefined ? undefined : this.#entries.get(id);
    const named = entry?.reg ?? this.#context.fileOf(entry?.fifo?.regfId ?? entry?.tty?.regfId ?? -1);
    return named && absolute(named.name);
  }

  /** The open files of a process by ascending fd. Empty for a dead one. */
  async openFiles(pid: number, options: SignalOptions = {}): Promise<readonly OpenFile[]> {
    const fds = await this.fds(pid, options);
    return fds.map(({ fd, flags, id }) => ({ fd, fdFlags: flags, target: this.target(id) }));
  }

  /** The fds of a process in ascending order, with the ids of their files. Empty for a dead one. */
  async fds(pid: number, options: SignalOptions = {}): Promise<readonly fdinfo_entry[]> {
    const table = await this.fdTable(pid, options);
    if (table === undefined) return [];
    const fds = await Array.fromAsync(this.#images.entries('fdinfo', table, options));
    return fds.sort((a, b) => a.fd - b.fd);
  }

  /** Which fdinfo image has the fds of a process. Processes that share one share every fd. Undefined for a dead process. */
  async fdTable(pid: number, options: SignalOptions = {}): Promise<number | undefined> {
    const ids = await this.#images.single('ids', pid, options);
    return ids?.filesId ?? (await this.#images.single('core', pid, options))?.ids?.filesId;
  }

  async paths(pid: number, options: SignalOptions = {}): Promise<ProcessPaths> {
    const { executable, workingFolder, root } = await this.pathIds(pid, options);
    return {
      executable: this.path(executable),
      workingFolder: this.path(workingFolder),
      root: this.path(root),
    };
  }

  async pathIds(pid: number, options: SignalOptions = {}): Promise<ProcessFileIds> {
    const mm = await this.#images.single('mm', pid, options);
    const fs = await this.#images.single('fs', pid, options);
    return { executable: mm?.exeFileId, workingFolder: fs?.cwdId, root: fs?.rootId };
  }

  /** The id of the shared memory segment behind a memfd, which names its pagemap-shmem image. */
  memfdSegment(id: number): number | undefined {
    const inode = this.#entries.get(id)?.memfd?.inodeId;
    return inode === undefined ? undefined : this.#context.memoryFile(inode)?.shmid;
  }
}

/** Reads all files of a dump once. An id that occurs twice counts once, with a diagnostic. */
export async function readFileTable(images: ImageSet, options: SignalOptions = {}): Promise<FileTable> {
  const entries = new Map<number, file_entry>();
  for await (const entry of images.entries('files', undefined, options)) {
    if (!entries.has(entry.id)) {
      entries.set(entry.id, entry);
      continue;
    }
    const message = `file ${entry.id} occurs twice; the first counts`;
    images.report({ id: 'file-duplicate', severity: 'warning', source: 'files.img', message });
  }
  await addOldFiles(images, entries, options);
  const context = await readFileContext(images, entries, options);
  return new FileTable(images, entries, context, await readMachine(images, options));
}

/** The machine of the root of the process tree; x86-64 where no core image tells. */
async function readMachine(images: ImageSet, options: SignalOptions): Promise<core_entry_march> {
  const root = await images.single('pstree', undefined, options);
  const core = root && (await images.single('core', root.pid, options));
  return core?.mtype ?? core_entry_march.X86_64;
}
