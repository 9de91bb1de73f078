/**
 * Who holds which file: fds of all processes joined with the files they lead to, so that what dup and fork share, what is
 * locked and what is under way in a message is seen from either side. Every join is one pass.
 */
import { limits } from '@stillframe/core';
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { fown_entry } from '@stillframe/criu-image/proto';
import { readSocketQueues, type SocketQueues } from '../socket/queues.ts';
import { ownerOf, type SignalOwner } from './file-owner.ts';
import { type FileTable, readFileTable } from './file-table.ts';
import type { FileTarget } from './file-target.ts';
import { type FileLock, readFileLocks } from './locks.ts';
import { type Pipe, Pipes } from './pipes.ts';

/** One fd of one process, or one of the files that a process is made of. */
export interface Descriptor {
  readonly pid: number;
  readonly fd: number | PathDescriptor;
  readonly closeOnExec: boolean;
  /** CRIU's id of the open file: the same for all that dup(2), fork(2) or a message made of one open(2). */
  readonly fileId: number;
}

/** `exe`: what it executes. `cwd`: its working folder. `root`: its root folder. */
export type PathDescriptor = 'exe' | 'cwd' | 'root';

/** What is true of an open file, whoever holds it. */
export interface FileFacts {
  readonly target: FileTarget;
  /** open(2) flags; undefined for what has none. */
  readonly flags: number | undefined;
  /** Where it is read and written next; undefined for what has no position. */
  readonly position: bigint | undefined;
  /** Who gets SIGIO; undefined where nobody does. */
  readonly owner: SignalOwner | undefined;
}

const NONE: readonly never[] = [];
/** The kind of lock that a process has and no other, though it shares the open file. */
const OF_PROCESS = 'posix';

/** The open files of a dump with all that is joined to them. */
export class OpenFiles {
  /** By process in the order given, then by fd. */
  readonly descriptors: readonly Descriptor[];
  readonly locks: readonly FileLock[];
  readonly files: FileTable;
  readonly queues: SocketQueues;
  readonly #holders: ReadonlyMap<number, readonly Descriptor[]>;
  readonly #byPlace: ReadonlyMap<number, ReadonlyMap<number, Descriptor>>;
  readonly #locksAt: ReadonlyMap<string, readonly FileLock[]>;
  readonly #locksOfFile: ReadonlyMap<number | undefined, readonly FileLock[]>;
  readonly #pipes: Pipes;
  readonly #shared = new Map<number, FileFacts>();

  constructor(
    files: FileTable,
    descriptors: readonly Descriptor[],
    locks: readonly FileLock[],
    queues: SocketQueues,
    pipes: (holders: (fileId: number) => readonly Descriptor[]) => Pipes,
  ) {
    this.files = files;
    this.descriptors = descriptors;
    this.locks = locks;
    this.queues = queues;
    this.#holders = Map.groupBy(
      descriptors.filter(({ fd }) => typeof fd === 'number'),
      ({ fileId }) => fileId,
    );
    this.#byPlace = placesOf(descriptors);
    const ofProcesses = locks.filter(({ kind }) => kind === OF_PROCESS);
    this.#locksAt = Map.groupBy(ofProcesses, ({ pid, fd }) => placeKey(pid, fd));
    const ofFiles = locks.filter(({ kind }) => kind !== OF_PROCESS);
    this.#locksOfFile = Map.groupBy(ofFiles, ({ pid, fd }) => this.at(pid, fd)?.fileId);
    this.#pipes = pipes((id) => this.holders(id));
  }

  /** What is true of a file, `missing` included. */
  facts(fileId: number): FileFacts {
    const known = this.#shared.get(fileId);
    if (known) return known;
    const facts = factsOf(this.files, fileId);
    // Asked for once by each holder, and an epoll instance with very many watches may have very many.
    if (this.holders(fileId).length > 1) this.#shared.set(fileId, facts);
    return facts;
  }

  /** All fds that lead to a file, in the order of `descriptors`. */
  holders(fileId: number): readonly Descriptor[] {
    return this.#holders.get(fileId) ?? NONE;
  }

  /** The fd of a process. */
  at(pid: number, fd: number): Descriptor | undefined {
    return this.#byPlace.get(pid)?.get(fd);
  }

  /** The locks that hold through an fd: those that its process took through it, and those of the open file it shares. */
  *locksOf({ pid, fd, fileId }: Descriptor): Generator<FileLock> {
    if (typeof fd === 'string' || this.locks.length === 0) return;
    yield* this.#locksAt.get(placeKey(pid, fd)) ?? NONE;
    yield* this.#locksOfFile.get(fileId) ?? NONE;
  }

  /** The sockets, by file id, in whose queues the file is on its way to somebody. */
  inFlightTo(fileId: number): readonly number[] {
    return this.queues.carriersOf(fileId);
  }

  /** The pipe or fifo behind a file; undefined where it is neither. */
  pipe(fileId: number): Pipe | undefined {
    return this.#pipes.ofFile(fileId);
  }

  /** All pipes and fifos. */
  pipes(): Iterable<Pipe> {
    return this.#pipes.all();
  }
}

/** Reads the open files of `processes`, dead ones having none. What exceeds `limits.descriptors` is left out and told. */
export async function readOpenFiles(
  images: ImageSet,
  processes: readonly { readonly pid: number }[],
  options: SignalOptions = {},
): Promise<OpenFiles> {
  const files = await readFileTable(images, options);
  const descriptors = await readDescriptors(images, files, processes, options);
  const locks = await readFileLocks(images, options);
  const queues = await readSocketQueues(images, options);
  const pipes = await Pipes.read(images, files, options);
  const open = new OpenFiles(files, descriptors, locks, queues, (holders) => pipes.joined(holders));
  const lost = locks.find(({ pid, fd }) => open.at(pid, fd) === undefined);
  if (lost) {
    const message = `the lock of process ${lost.pid} through fd ${lost.fd} is on no open file`;
    images.report({ id: 'lock-without-file', severity: 'warning', source: 'filelocks.img', message });
  }
  return open;
}

async function readDescriptors(
  images: ImageSet,
  files: FileTable,
  processes: readonly { readonly pid: number }[],
  options: SignalOptions,
): Promise<readonly Descriptor[]> {
  const all: Descriptor[] = [];
  // One fd table may be that of very many processes, so each is read once and the rows are counted, not the images.
  const tables = new Map<number, readonly Omit<Descriptor, 'pid'>[]>();
  for (const { pid } of processes) {
    const own = await pathDescriptors(files, pid, options);
    const id = await files.fdTable(pid, options);
    const shared = id === undefined ? NONE : (tables.get(id) ?? (await readTable(images, id, options)));
    if (id !== undefined) tables.set(id, shared);
    if (all.length + own.length + shared.length > limits.descriptors) {
      const message = `more than ${limits.descriptors} open files; those of process ${pid} and after it are left out`;
      images.report({ id: 'open-files-too-many', severity: 'error', source: 'pstree.img', message });
      break;
    }
    for (const each of own) all.push({ pid, ...each });
    for (const each of shared) all.push({ pid, ...each });
  }
  return all;
}

async function pathDescriptors(
  files: FileTable,
  pid: number,
  options: SignalOptions,
): Promise<readonly Omit<Descriptor, 'pid'>[]> {
  const { executable, workingFolder, root } = await files.pathIds(pid, options);
  const named = [
    ['cwd', workingFolder],
    ['root', root],
    ['exe', executable],
  ] as const;
  return named.flatMap(([fd, fileId]) => (fileId === undefined ? [] : [{ fd, closeOnExec: false, fileId }]));
}

const FD_CLOEXEC = 1;

async function readTable(
  images: ImageSet,
  id: number,
  options: SignalOptions,
): Promise<readonly Omit<Descriptor & { fd: number }, 'pid'>[]> {
  const rows: Omit<Descriptor & { fd: number }, 'pid'>[] = [];
  for await (const entry of images.entries('fdinfo', id, options)) {
    rows.push({ fd: entry.fd, closeOnExec: (entry.flags & FD_CLOEXEC) !== 0, fileId: entry.id });
    if (rows.length > limits.descriptors) break;
  }
  return rows.sort((a, b) => a.fd - b.fd);
}

/** What every kind of file may record beside its own. */
interface Common {
  readonly flags?: number;
  readonly pos?: bigint;
  readonly fown?: fown_entry | undefined;
}

function factsOf(files: FileTable, id: number): FileFacts {
  const target = files.target(id);
  const entry = files.entry(id);
  if (entry === undefined) return { target, flags: undefined, position: undefined, owner: undefined };
  const { reg, isk, nsf, psk, nlsk, efd, epfd, sgfd, tfd, ify, ffy, ext, usk, fifo, pipe, tty, memfd, bpf, pidfd } =
    entry;
  // The flags and the owner of a fifo are those of the file of its path.
  const named = fifo && files.entry(fifo.regfId)?.reg;
  const common: Common | undefined =
    reg ??
    isk ??
    nsf ??
    psk ??
    nlsk ??
    efd ??
    epfd ??
    sgfd ??
    tfd ??
    ify ??
    ffy ??
    usk ??
    named ??
    pipe ??
    tty ??
    memfd ??
    bpf ??
    pidfd ??
    ext;
  return {
    target,
    flags: common?.flags,
    position: fifo ? undefined : common?.pos,
    owner: common?.fown && ownerOf(common.fown, files.machine),
  };
}

/** Of places that a forger made the same, the first counts. */
function placesOf(descriptors: readonly Descriptor[]): ReadonlyMap<number, ReadonlyMap<number, Descriptor>> {
  const places = new Map<number, Map<number, Descriptor>>();
  for (const each of descriptors) {
    if (typeof each.fd !== 'number') continue;
    let fds = places.get(each.pid);
    if (fds === undefined) {
      fds = new Map();
      places.set(each.pid, fds);
    }
    if (!fds.has(each.fd)) fds.set(each.fd, each);
  }
  return places;
}

function placeKey(pid: number, fd: number): string {
  return `${pid}/${fd}`;
}
