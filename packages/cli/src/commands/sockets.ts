/** `stillframe sockets`: the sockets of a checkpoint, what waits in them, and who is at the other end. */
import { type OpenFiles, type Process, readOpenFiles, readSockets, type Socket } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import { renderJsonLine } from '../display/json.ts';
import { JsonDocument } from '../display/json-document.ts';
import { styleOf } from '../display/style.ts';
import { renderTable } from '../display/table.ts';
import { renderTree } from '../display/tree.ts';
import type { Io } from '../io.ts';
import { COLUMNS, isOpenToAll, longTexts, socketNode } from '../sockets/text.ts';
import { type ShownSocket, showSocket } from '../sockets/view.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type Reading, type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

interface SocketsOptions extends ReadingOptions {
  listening?: boolean;
  tcp?: boolean;
  udp?: boolean;
  unix?: boolean;
  long?: boolean;
}

const HELP = `
RECV-Q is what arrived and nobody read, SEND-Q what was written and the other end has not confirmed (TCP) or not read (Unix), in
bytes. Of a listening socket they are the connections that wait, and that may wait. - stands for what the dump does not tell: CRIU
saves the queues of TCP connections and Unix sockets alone. PEER goes on with PID/FD where the other end is in the checkpoint.
CRIU dumps no VSOCK, SCTP or MPTCP sockets: a process that has one cannot be checkpointed.`;

/** Exit code 4 where some of the evidence could not be read. */
export const sockets: RegisterCommand = (program, io, done) => {
  const description = 'Show the sockets: state, queues, options, and who is at the other end, across processes';
  withPids(readingCommand(program, 'sockets', description))
    .option('--listening', 'only those that take connections, or datagrams of anybody')
    .option('--tcp', 'only TCP; with --udp or --unix, those too')
    .option('--udp', 'only UDP')
    .option('--unix', 'only Unix sockets')
    .option('-l, --long', 'options, connection and keepalive below each; so also with --pid')
    .addOption(outputOption('table', 'tree', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: SocketsOptions) => {
      const code = await reading(what, options, io, async (opened) => {
        const { images } = opened.checkpoint;
        const open = await readOpenFiles(images, opened.processes, { signal: io.signal });
        await print(shown(open, opened, options, io), opened, options, io);
      });
      done(code);
    });
};

async function print(
  found: AsyncIterable<ShownSocket>,
  { checkpoint }: Reading,
  options: SocketsOptions,
  io: Io,
): Promise<void> {
  switch (options.output) {
    case 'jsonl':
      for await (const { view } of found) await io.write(renderJsonLine('Socket', 1, view));
      return;
    case 'json': {
      const document = new JsonDocument('SocketList', 1, (text) => io.write(text));
      document.list('sockets');
      for await (const { view } of found) await document.item(view);
      return document.end({ diagnostics: checkpoint.diagnostics() });
    }
    case 'tree': {
      const style = styleOf(io.colour);
      for await (const each of found) await io.write(renderTree(socketNode(each, style)));
      return;
    }
    default: {
      // A forger's dump may have millions of rows, and columns are as wide as all the rows that are rendered at once.
      let block: ShownSocket[] = [];
      for await (const each of found) {
        if (block.length === BLOCK) {
          await io.write(tableOf(block, options));
          block = [];
        }
        block.push(each);
      }
      await io.write(tableOf(block, options));
    }
  }
}

/** Rows of a table under one heading. */
const BLOCK = 10_000;

/** The table; in its long form with lines below each row. */
function tableOf(rows: readonly ShownSocket[], { long, pid }: SocketsOptions): string {
  const table = renderTable(COLUMNS, rows);
  if (!long && pid === undefined) return table;
  const [heading = '', ...lines] = table.trimEnd().split('\n');
  const body = rows.flatMap(({ socket, view }, i) => [
    lines[i] ?? '',
    ...longTexts(socket, view).map((text) => `       ${harmless(text)}`),
  ]);
  return `${[heading, ...body].join('\n')}\n`;
}

/** The chosen sockets: those of a chosen process, or all, held by nobody or not. */
async function* shown(
  open: OpenFiles,
  { checkpoint, processes, chosen }: Reading,
  options: SocketsOptions,
  io: Io,
): AsyncGenerator<ShownSocket> {
  const byPid = new Map<number, Process>(processes.map((process) => [process.pid, process]));
  const pids = options.pid === undefined ? undefined : new Set(chosen.map(({ pid }) => pid));
  for await (const socket of readSockets(checkpoint.images, open, { signal: io.signal })) {
    if (!isWanted(socket, options)) continue;
    if (pids && !open.holders(socket.fileId).some(({ pid }) => pids.has(pid))) continue;
    yield showSocket(socket, open, (pid) => byPid.get(pid)?.comm);
  }
}

function isWanted(socket: Socket, { listening, tcp, udp, unix }: SocketsOptions): boolean {
  if (listening && !isOpenToAll(socket)) return false;
  if (!tcp && !udp && !unix) return true;
  if (socket.family === 'unix') return unix ?? false;
  if (socket.family === 'netlink' || socket.family === 'packet' || socket.type === 'raw') return false;
  return (tcp && socket.protocol === 'tcp') || (udp && socket.protocol.startsWith('udp')) || false;
}
