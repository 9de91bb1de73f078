/** `stillframe files`: what every process had open, and who else has it. */
import {
  type Descriptor,
  type OpenFiles,
  type Process,
  readOpenFiles,
  SocketPeers,
  targetName,
} from '@stillframe/checkpoint';
import { InvalidArgumentError, Option } from 'commander';
import { renderJsonLine } from '../display/json.ts';
import { JsonDocument } from '../display/json-document.ts';
import { styleOf } from '../display/style.ts';
import { renderTable } from '../display/table.ts';
import { renderTree } from '../display/tree.ts';
import type { Io } from '../io.ts';
import { type FileRow, FileRows, pipeView } from '../open-files/row.ts';
import { COLUMNS, processNode } from '../open-files/text.ts';
import { isOfType, TYPE_WORDS } from '../open-files/type-words.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type Reading, type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

interface FilesOptions extends ReadingOptions {
  deleted?: boolean;
  type?: string[];
}

const HELP = `
FD is a number, or cwd, root, exe, or message: a file in the queue of a socket, which somebody sent and nobody received.
HELD counts the fds that share one open file: its position, its flags and its flock are one for all of them.
NAME goes on with the other end of a pipe or socket as PID/FD, bytes between, and locks. An end that is not here is held
outside of the checkpoint, or closed: no dump can tell which.`;

/** Exit code 4 where some of the evidence could not be read. */
export const files: RegisterCommand = (program, io, done) => {
  const description = 'Show the open files of each process: pipes joined end to end, locks, watches, deleted files';
  withPids(readingCommand(program, 'files', description))
    .option('--deleted', 'only files whose name was gone')
    .addOption(
      new Option('--type <type>', 'only fds of this type; may be repeated')
        .choices(TYPE_WORDS)
        .argParser<string[]>(collectType),
    )
    .addOption(outputOption('table', 'tree', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: FilesOptions) => {
      const code = await reading(what, options, io, async (opened) => {
        const { images } = opened.checkpoint;
        const open = await readOpenFiles(images, opened.processes, { signal: io.signal });
        await print(open, opened, options, io);
      });
      done(code);
    });
};

function collectType(value: string, before: string[] = []): string[] {
  if (!TYPE_WORDS.some((word) => word === value)) {
    throw new InvalidArgumentError(`Allowed choices are ${TYPE_WORDS.join(', ')}.`);
  }
  return [...before, value];
}

async function print(open: OpenFiles, opened: Reading, options: FilesOptions, io: Io): Promise<void> {
  const groups = groupsOf(open, opened, options);
  const write = (text: string) => io.write(text);
  switch (options.output) {
    case 'jsonl':
      for (const { rows } of groups) for (const row of rows()) await write(renderJsonLine('OpenFile', 1, row));
      return;
    case 'json':
      return printDocument(open, groups, opened, io);
    case 'tree': {
      const style = styleOf(io.colour);
      for (const { pid, comm, rows } of groups) {
        const shown = [...rows()];
        if (shown.length > 0) await write(renderTree(processNode(pid, comm, shown, style)));
      }
      return;
    }
    default: {
      // A forger's dump may have millions of rows, and columns are as wide as all the rows that are rendered at once.
      let block: FileRow[] = [];
      for (const { rows } of groups) {
        for (const row of rows()) {
          if (block.length === BLOCK) {
            await write(renderTable(COLUMNS, block));
            block = [];
          }
          block.push(row);
        }
      }
      await write(renderTable(COLUMNS, block));
    }
  }
}

/** Rows of a table under one heading. */
const BLOCK = 10_000;

async function printDocument(
  open: OpenFiles,
  groups: readonly Group[],
  { checkpoint, chosen }: Reading,
  io: Io,
): Promise<void> {
  const document = new JsonDocument('OpenFileList', 1, (text) => io.write(text));
  document.list('files');
  for (const { rows } of groups) for (const row of rows()) await document.item(row);
  const pids = new Set(chosen.map(({ pid }) => pid));
  document.list('pipes');
  for (const pipe of open.pipes()) {
    if ([...pipe.readers, ...pipe.writers].some(({ pid }) => pids.has(pid))) await document.item(pipeView(pipe));
  }
  document.list('locks');
  for (const lock of open.locks) {
    if (!pids.has(lock.pid)) continue;
    const file = open.at(lock.pid, lock.fd)?.fileId;
    await document.item({
      ...lock,
      file,
      name: file === undefined ? undefined : targetName(open.facts(file).target, open.files.machine),
    });
  }
  await document.end({ diagnostics: checkpoint.diagnostics() });
}

interface Group {
  pid: number | undefined;
  comm: string | undefined;
  rows: () => Iterable<FileRow>;
}

/** The rows of each chosen process, those in messages to it last; then, where all are asked for, those in messages to nobody. */
function groupsOf(open: OpenFiles, { processes, chosen }: Reading, options: FilesOptions): readonly Group[] {
  const rows = new FileRows(open, new SocketPeers(open.files.entries()));
  const types = options.type && new Set(options.type);
  const isWanted = (fileId: number): boolean => {
    const { target } = open.facts(fileId);
    if (options.deleted && !(target.type === 'file' && target.deleted)) return false;
    return types === undefined || isOfType(target, types);
  };
  const own = Map.groupBy(open.descriptors, ({ pid }) => pid);
  const messages = messagesOf(open);
  const groupOf = (process: Process | undefined): Group => ({
    pid: process?.pid,
    comm: process?.comm,
    *rows() {
      const held: readonly RowSource[] = process ? (own.get(process.pid) ?? []) : [];
      for (const list of [held, messages.get(process?.pid) ?? []]) {
        for (const each of list) if (isWanted(each.fileId)) yield rows.row(process, each);
      }
    },
  });
  const groups = chosen.map((process) => groupOf(process));
  return chosen.length === processes.length ? [...groups, groupOf(undefined)] : groups;
}

type RowSource = Pick<Descriptor, 'closeOnExec' | 'fileId'> & { fd: FileRow['fd'] };

/** Files in flight by the process that holds the socket first in which they wait. */
function messagesOf(open: OpenFiles): ReadonlyMap<number | undefined, readonly RowSource[]> {
  const found = new Map<number | undefined, RowSource[]>();
  for (const [socket, { files: inFlight }] of open.queues.inboxes()) {
    if (inFlight.length === 0) continue;
    const pid = open.holders(socket)[0]?.pid;
    const rows = found.get(pid) ?? [];
    for (const fileId of inFlight) rows.push({ fd: 'message', closeOnExec: false, fileId });
    found.set(pid, rows);
  }
  return found;
}
