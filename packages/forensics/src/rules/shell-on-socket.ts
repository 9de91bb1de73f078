/** Shells whose input and output are a connection: what a reverse shell and a bind shell are. */
import type { InetSocket } from '@stillframe/checkpoint';
import type { FileRow } from '../analysers/files.ts';
import type { Tables } from '../analysers/index.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import type { Severity, Suspicion } from '../finding.ts';
import { inlineProgram, isInterpreter, isRelay, isShell, processText } from '../program/program.ts';
import { filesOf, processOf, rootProcess, socketOf } from '../program/rows.ts';
import { connectionOf, outsideConnectionOf, streamOf, throughPipes } from '../program/streams.ts';
import type { Rule } from './rule.ts';

const STREAMS = [0, 1, 2] as const;
const NAMES = ['input', 'output', 'errors'];

function addressText({ remote, protocol }: InetSocket): string {
  return `${protocol.toUpperCase()} ${remote.address.includes(':') ? `[${remote.address}]` : remote.address}:${remote.port}`;
}

/** Ports on which something of the checkpoint listens. */
function listeningPorts({ sockets }: Tables): ReadonlySet<number> {
  return new Set(
    sockets.flatMap((socket) => ('local' in socket && socket.state === 'listen' ? [socket.local.port] : [])),
  );
}

function* onConnection(tables: Tables, process: ProcessRow, ports: ReadonlySet<number>): Generator<Suspicion> {
  const streams = STREAMS.map((fd) => streamOf(tables, process.pid, fd));
  const found = streams.flatMap((file, fd) => {
    const socket = connectionOf(tables, file);
    return file && socket ? [{ fd, fileId: file.fileId, socket }] : [];
  });
  const [first] = found;
  if (first === undefined || isInherited(tables, process, first.fileId)) return;
  // An interpreter may be what inetd started for a connection; a shell never is.
  const isBoth = found.some(({ fd }) => fd === 0) && found.some(({ fd }) => fd > 0);
  if (!isShell(process) && !isBoth) return;
  const isAccepted = ports.has(first.socket.local.port);
  const way = isAccepted ? `which came in at port ${first.socket.local.port}` : 'which it or its parent opened';
  const words = found.map(({ fd }) => NAMES[fd]).join(', ');
  yield {
    summary: `${processText(process)} has a connection with ${addressText(first.socket)} as its ${words}, ${way}`,
    references: [
      { kind: 'fd', pid: process.pid, fd: first.fd },
      { kind: 'socket', fileId: first.fileId },
      ...found.slice(1).map(({ fd }) => ({ kind: 'fd', pid: process.pid, fd }) as const),
    ],
    severity: isShell(process) && isBoth ? undefined : 'high',
    details: {
      local: first.socket.local,
      remote: first.socket.remote,
      state: first.socket.state,
      accepted: isAccepted,
    },
  };
}

/** What a shell starts has the same streams; the shell is told. */
function isInherited(tables: Tables, { ppid }: ProcessRow, fileId: number): boolean {
  const parent = processOf(tables, ppid);
  if (parent === undefined || !(isShell(parent) || isInterpreter(parent))) return false;
  return streamOf(tables, ppid, 0)?.fileId === fileId && connectionOf(tables, streamOf(tables, ppid, 0)) !== undefined;
}

/** `sh -i | nc HOST PORT`, with a fifo or a pipe back; socat with pipes. */
function* throughRelay(tables: Tables, process: ProcessRow): Generator<Suspicion> {
  if (!isShell(process)) return;
  const down = throughPipes(tables, process.pid, 'down');
  if (down.size === 0) return;
  const up = throughPipes(tables, process.pid, 'up');
  for (const pid of down) {
    const relay = processOf(tables, pid);
    if (!up.has(pid) || relay === undefined || !(isRelay(relay) || isInterpreter(relay))) continue;
    const connection = outsideConnectionOf(tables, pid);
    if (connection === undefined) continue;
    yield relayed(process, relay, connection, 'pipes');
    return;
  }
}

/** `socat EXEC:sh,pty`: the relay holds the master of the terminal that is the shell's. */
function* throughTerminal(
  tables: Tables,
  process: ProcessRow,
  masters: ReadonlyMap<number, number>,
): Generator<Suspicion> {
  const target = isShell(process) ? streamOf(tables, process.pid, 0)?.target : undefined;
  if (target?.type !== 'tty' || target.terminal?.kind !== 'pty-slave' || target.terminal.index === undefined) return;
  const relay = processOf(tables, masters.get(target.terminal.index) ?? -1);
  const connection = relay && isRelay(relay) ? outsideConnectionOf(tables, relay.pid) : undefined;
  if (relay && connection) yield relayed(process, relay, connection, 'a terminal');
}

function relayed(
  process: ProcessRow,
  relay: ProcessRow,
  { file, socket }: { file: FileRow; socket: InetSocket },
  by: string,
): Suspicion {
  return {
    summary: `${processText(process)} is joined by ${by} to ${processText(relay)}, which has a connection with ${addressText(socket)}`,
    references: [
      { kind: 'fd', pid: process.pid, fd: 0 },
      { kind: 'fd', pid: relay.pid, fd: file.fd },
      { kind: 'socket', fileId: file.fileId },
    ],
    severity: isRelay(relay) ? undefined : 'high',
    details: { relay: relay.pid, local: socket.local, remote: socket.remote, state: socket.state },
  };
}

/** A local socket of which the other end is outside, and which is not what the whole container has as its streams. */
function* onLocalSocket(tables: Tables, process: ProcessRow): Generator<Suspicion> {
  const [input, output] = [streamOf(tables, process.pid, 0), streamOf(tables, process.pid, 1)];
  if (!isShell(process) || input?.target.type !== 'unix-socket' || output?.target.type !== 'unix-socket') return;
  const { target } = input;
  const socket = socketOf(tables, input.fileId);
  const root = rootProcess(tables);
  if (socket?.family !== 'unix' || socket.peer.place !== 'outside') return;
  if (root && filesOf(tables, root.pid).some(({ fileId }) => fileId === input.fileId)) return;
  yield {
    summary: `${processText(process)} has a local socket${target.name === '' ? '' : ` (${target.name})`} as its input and output, whose other end is outside of the checkpoint`,
    references: [
      { kind: 'fd', pid: process.pid, fd: 0 },
      { kind: 'socket', fileId: input.fileId },
    ],
    severity: 'low' satisfies Severity,
    details: { name: target.name },
  };
}

function mastersOf({ files }: Tables): ReadonlyMap<number, number> {
  return new Map(
    files.flatMap(({ pid, target }) =>
      target.type === 'tty' && target.terminal?.kind === 'pty-master' && target.terminal.index !== undefined
        ? [[target.terminal.index, pid] as const]
        : [],
    ),
  );
}

export const shellOnSocket: Rule = {
  id: 'shell-on-socket',
  title: 'shell whose input and output are a connection',
  severity: 'critical',
  techniques: ['T1059.004', 'T1095'],
  why: 'Somebody at the other end types, and the shell does it: a reverse shell, or one that came in at a port.',
  benign:
    'Services that inetd starts for each connection have it as their input, but are no shells. A shell of a debugger’s session has a terminal or pipes.',
  *judge(tables) {
    const ports = listeningPorts(tables);
    const masters = mastersOf(tables);
    for (const process of tables.processes) {
      if (!isShell(process) && !isInterpreter(process)) continue;
      const direct = [...onConnection(tables, process, ports)];
      yield* direct;
      if (direct.length > 0) continue;
      yield* throughRelay(tables, process);
      yield* throughTerminal(tables, process, masters);
      yield* onLocalSocket(tables, process);
    }
  },
};

/** What tools are told to start for who connects. */
const STARTS = /(?:^| )(?:-e|-c|--exec|--sh-exec) ?\S*(?:sh|cmd|python\S*|perl)\b|\b(?:EXEC|SYSTEM|SHELL):/i;
const SERVES =
  /\b(?:subprocess|pty\.spawn|os\.(?:dup2|system|popen|execl?v?e?)|exec|system|spawn|child_process|IO\.popen)\b/;

export const bindShell: Rule = {
  id: 'bind-shell',
  title: 'process gives a shell to who connects',
  severity: 'critical',
  techniques: ['T1059.004', 'T1571'],
  why: 'A program listens and starts a shell for whoever comes: access without a password that needs no connection now.',
  benign: 'A debugging aid of the developers; it gives everybody the rights of the container all the same.',
  *judge(tables) {
    for (const process of tables.processes) {
      const listening = filesOf(tables, process.pid).find(
        ({ target }) => target.type === 'inet-socket' && target.state === 'listen',
      );
      if (listening?.target.type !== 'inet-socket') continue;
      const command = (process.arguments ?? []).join(' ').slice(0, 4096);
      const inline = isInterpreter(process) ? inlineProgram(process) : undefined;
      const isShellServer = isRelay(process) ? STARTS.test(command) : isShell(process);
      if (!isShellServer && !(inline !== undefined && SERVES.test(inline))) continue;
      yield {
        summary: `${processText(process)} listens at port ${listening.target.local.port} and starts a shell for who connects`,
        references: [
          { kind: 'fd', pid: process.pid, fd: listening.fd },
          { kind: 'process', pid: process.pid },
        ],
        severity: isShell(process) ? 'medium' : undefined,
        details: { local: listening.target.local, command },
      };
    }
  },
};
