/** One fd of a process with everything that is joined to it: the model of `stillframe files`, as its JSON has it. */
import {
  type Descriptor,
  type FileFacts,
  type FileLock,
  type FileTarget,
  type OpenFiles,
  openFlagNames,
  type Pipe,
  type SignalOwner,
  type SocketPeers,
  signalsOf,
  targetName,
} from '@stillframe/checkpoint';
import { type Holders, holdersOf } from './holders.ts';
import { typeWord } from './type-words.ts';

export interface FileRow {
  pid: number | undefined;
  comm: string | undefined;
  /** A number; `cwd`, `root` and `exe`; `message` for a file in the queue of a socket of the process. */
  fd: Descriptor['fd'] | 'message';
  /** CRIU's id of the open file. */
  file: number;
  type: string;
  /** What it leads to in a few words. */
  name: string;
  /** In the mount namespace of the process; undefined for what has none. */
  path: string | undefined;
  closeOnExec: boolean;
  flags: readonly string[] | undefined;
  size: bigint | undefined;
  position: bigint | undefined;
  /** As `ls` writes it in base 8: `100644`. */
  mode: string | undefined;
  deleted: boolean;
  owner: SignalOwner | undefined;
  /** Of the process through this fd, and of the open file, whoever took them. */
  locks: readonly FileLock[];
  /** All fds that share this open file by dup(2), fork(2) or a message, this one included. */
  holders: Holders;
  pipe: PipeView | undefined;
  /** The other end of a socket; `holders` where it is in the checkpoint. */
  peer: { place: string; holders?: Holders } | undefined;
  /** Sockets in whose queues the file waits to be received. */
  inFlightTo: { count: number; some: { file: number; holders: Holders }[] } | undefined;
  /** Everything that is known of the file; it stands with the first row that leads to it. */
  target: object | undefined;
  /** The row that has `target`. */
  sameAs: { pid: number | undefined; fd: FileRow['fd'] } | undefined;
}

export interface PipeView {
  kind: Pipe['kind'];
  id: number;
  readers: Holders;
  writers: Holders;
  queued: Pipe['queued'];
  capacity: number | undefined;
}

/** Watches and marks of one file that a row holds: a row is one text. */
const LISTED = 100_000;
/** Carriers and locks of one file that are named; the document has all locks in a list of their own. */
const NAMED = 16;

/** Makes rows of one dump. */
export class FileRows {
  readonly #open: OpenFiles;
  readonly #peers: SocketPeers;
  readonly #first = new Map<number, { pid: number | undefined; fd: FileRow['fd'] }>();

  constructor(open: OpenFiles, peers: SocketPeers) {
    this.#open = open;
    this.#peers = peers;
  }

  /** `process`: who has it; undefined where a message belongs to nobody in the dump. */
  row(
    process: { pid: number; comm: string | undefined } | undefined,
    descriptor: { fd: FileRow['fd']; closeOnExec: boolean; fileId: number },
  ): FileRow {
    const { fd, closeOnExec, fileId } = descriptor;
    const open = this.#open;
    const facts = open.facts(fileId);
    const { target, flags, position, owner } = facts;
    const pid = process?.pid;
    const pipe = open.pipe(fileId);
    const sameAs = this.#first.get(fileId);
    if (!sameAs) this.#first.set(fileId, { pid, fd });
    return {
      pid,
      comm: process?.comm,
      fd,
      file: fileId,
      type: typeWord(target),
      name: targetName(target, open.files.machine),
      path: 'path' in target ? target.path : undefined,
      closeOnExec,
      flags: flags === undefined ? undefined : openFlagNames(flags, open.files.machine),
      position,
      owner,
      ...sizeAndMode(target),
      deleted: isDeleted(target),
      locks: fd === 'message' || pid === undefined ? [] : [...open.locksOf({ ...descriptor, pid, fd }).take(NAMED)],
      holders: holdersOf(open.holders(fileId)),
      pipe: pipe && pipeView(pipe),
      peer: this.#peer(fileId),
      inFlightTo: this.#inFlight(fileId),
      target: sameAs ? undefined : this.#target(fileId, facts),
      sameAs,
    };
  }

  #peer(fileId: number): FileRow['peer'] {
    const entry = this.#open.files.entry(fileId);
    const peer = entry && this.#peers.of(entry);
    if (!peer || peer.place === 'none') return undefined;
    return 'fileId' in peer ? { place: peer.place, holders: holdersOf(this.#open.holders(peer.fileId)) } : peer;
  }

  #inFlight(fileId: number): FileRow['inFlightTo'] {
    const carriers = this.#open.inFlightTo(fileId);
    if (carriers.length === 0) return undefined;
    const some = carriers.slice(0, NAMED);
    return {
      count: carriers.length,
      some: some.map((file) => ({ file, holders: holdersOf(this.#open.holders(file)) })),
    };
  }

  #target(fileId: number, { target }: FileFacts): object {
    switch (target.type) {
      case 'signalfd':
        return { type: target.type, signals: signalsOf(target.signals, this.#open.files.machine) };
      case 'fanotify': {
        const eventFlags = openFlagNames(target.eventFlags, this.#open.files.machine);
        return { ...target, ...firstOf('marks', target.marks), eventFlags };
      }
      case 'epoll': {
        // The fds are those of the process in which CRIU met the instance first.
        const pid = this.#open.holders(fileId)[0]?.pid;
        const watches = target.watches.slice(0, LISTED).map((watch) => {
          const watched = pid === undefined ? undefined : this.#open.at(pid, watch.fd);
          return {
            ...watch,
            data: `0x${watch.data.toString(16)}`,
            file: watched?.fileId,
            name: watched && targetName(this.#open.facts(watched.fileId).target, this.#open.files.machine),
          };
        });
        return { type: target.type, pid, count: target.watches.length, watches };
      }
      case 'inotify':
        return { type: target.type, ...firstOf('watches', target.watches) };
      default:
        return target;
    }
  }
}

function sizeAndMode(target: FileTarget): Pick<FileRow, 'size' | 'mode'> {
  const size = 'size' in target ? target.size : undefined;
  const mode = 'mode' in target ? target.mode : target.type === 'memfd' ? target.memory?.mode : undefined;
  return { size, mode: mode?.toString(8).padStart(6, '0') };
}

/** A list under its name, and how many items it had. */
function firstOf(name: string, items: readonly object[]): object {
  return { count: items.length, [name]: items.slice(0, LISTED) };
}

const isDeleted = (target: FileTarget) => target.type === 'file' && target.deleted;

export function pipeView(pipe: Pipe): PipeView {
  const { kind, id, readers, writers, queued, capacity } = pipe;
  return { kind, id, readers: holdersOf(readers), writers: holdersOf(writers), queued, capacity };
}
