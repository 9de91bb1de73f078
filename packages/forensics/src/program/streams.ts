/** What stands behind the standard streams of a process, and who is at the other end of its pipes. */

import type { InetSocket } from '@stillframe/checkpoint';
import type { FileRow } from '../analysers/files.ts';
import type { Tables } from '../analysers/index.ts';
import { filesOf, socketOf } from './rows.ts';

const O_ACCMODE = 3;
const O_RDONLY = 0;
const O_WRONLY = 1;

/** One standard stream. */
export function streamOf(tables: Tables, pid: number, fd: 0 | 1 | 2): FileRow | undefined {
  return filesOf(tables, pid).find((row) => row.fd === fd);
}

/** A socket of a file that leads, or led, to another machine or process: neither listening nor unused. */
export function connectionOf(tables: Tables, file: FileRow | undefined): InetSocket | undefined {
  if (file?.target.type !== 'inet-socket') return undefined;
  const socket = socketOf(tables, file.fileId);
  if (socket === undefined || (socket.family !== 'ipv4' && socket.family !== 'ipv6')) return undefined;
  return socket.state === 'listen' || socket.remote.port === 0 ? undefined : socket;
}

/** The first connection that a process holds whose other end is not in the checkpoint. */
export function outsideConnectionOf(tables: Tables, pid: number): { file: FileRow; socket: InetSocket } | undefined {
  for (const file of filesOf(tables, pid)) {
    const socket = connectionOf(tables, file);
    if (socket?.peer.place === 'outside') return { file, socket };
  }
  return undefined;
}

interface Ends {
  readonly readers: Set<number>;
  readonly writers: Set<number>;
}

const known = new WeakMap<object, ReadonlyMap<number, Ends>>();

/** Who reads and who writes each pipe and fifo, by pipe; pids. Grouped once. */
function pipesOf({ files }: Tables): ReadonlyMap<number, Ends> {
  const before = known.get(files);
  if (before) return before;
  const pipes = new Map<number, Ends>();
  for (const { pid, target } of files) {
    if (target.type !== 'pipe' && target.type !== 'fifo') continue;
    const ends = pipes.get(target.pipeId) ?? { readers: new Set(), writers: new Set() };
    pipes.set(target.pipeId, ends);
    const mode = (target.flags ?? 0) & O_ACCMODE;
    if (mode !== O_WRONLY) ends.readers.add(pid);
    if (mode !== O_RDONLY) ends.writers.add(pid);
  }
  known.set(files, pipes);
  return pipes;
}

/** Processes a pipe is followed through: `nc | cat | sh` has two. */
const HOPS = 3;
/** Processes looked at: a pipe may be held by very many. */
const WIDTH = 64;

/** The pids that a process gets its input from (`up`) or gives its output to (`down`), through pipes and programs between. */
export function throughPipes(tables: Tables, pid: number, direction: 'up' | 'down'): ReadonlySet<number> {
  const pipes = pipesOf(tables);
  const reached = new Set<number>();
  let edge = [pid];
  for (let hop = 0; hop < HOPS && edge.length > 0; hop += 1) {
    const next: number[] = [];
    for (const each of edge) {
      const target = streamOf(tables, each, direction === 'up' ? 0 : 1)?.target;
      if (target?.type !== 'pipe' && target?.type !== 'fifo') continue;
      const ends = pipes.get(target.pipeId);
      for (const other of (direction === 'up' ? ends?.writers : ends?.readers) ?? []) {
        if (reached.size >= WIDTH) return reached;
        if (other === each || other === pid || reached.has(other)) continue;
        reached.add(other);
        next.push(other);
      }
    }
    edge = next;
  }
  return reached;
}

/** Whether a standard stream of one is a pipe or a pair of local sockets of which the other holds the other end. */
export function areJoined(tables: Tables, child: number, parent: number): boolean {
  const pipes = pipesOf(tables);
  for (const fd of [0, 1] as const) {
    const file = streamOf(tables, child, fd);
    if (file?.target.type === 'pipe') {
      const ends = pipes.get(file.target.pipeId);
      const held = fd === 0 ? ends?.writers : ends?.readers;
      if (held?.has(parent)) return true;
    }
    if (file?.target.type !== 'unix-socket') continue;
    const socket = socketOf(tables, file.fileId);
    const peer =
      socket?.family === 'unix' && socket.peer.place === 'here' ? socketOf(tables, socket.peer.fileId) : undefined;
    if (peer?.holders.some(({ pid }) => pid === parent)) return true;
  }
  return false;
}
