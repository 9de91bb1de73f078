/** Rows of the tables as events of Sigma: what is there at the time of the checkpoint stands for what happened. */
import type { Tables } from '../analysers/index.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import { commandOf, processText } from '../program/program.ts';
import { processOf } from '../program/rows.ts';
import type { EvidenceReference } from '../reference.ts';
import { plainAddress } from '../signs/addresses.ts';
import { inetSockets, outgoing, socketReferences } from '../signs/connections.ts';
import type { Fields } from './selection.ts';

/** Characters of a field that are looked at: a hostile process may call itself anything. */
const LOOKED_AT = 8192;
/** References of one event. */
const MOST_HOLDERS = 8;
/** Access modes of open(2). */
const ACCESS_MODE = 3;

/** Something that rules of one category judge. */
export interface SigmaEvent {
  /** Raw text: `process 7 (sh)`. */
  readonly what: string;
  readonly fields: Fields;
  readonly references: readonly [EvidenceReference, ...EvidenceReference[]];
}

interface Category {
  readonly fields: ReadonlySet<string>;
  readonly events: (tables: Tables) => readonly SigmaEvent[];
}

const PROCESS_FIELDS = ['Image', 'CommandLine', 'ParentImage', 'ParentCommandLine', 'User', 'CurrentDirectory'];
const CONNECTION_FIELDS = ['DestinationIp', 'DestinationPort', 'SourceIp', 'SourcePort', 'Protocol', 'Initiated'];

/** By the `category` of the log source. */
export const CATEGORIES: ReadonlyMap<string, Category> = new Map([
  [
    'process_creation',
    { fields: new Set([...PROCESS_FIELDS, 'ProcessId', 'ParentProcessId']), events: onceATable(processEvents) },
  ],
  ['file_event', { fields: new Set(['TargetFilename', 'Image']), events: onceATable(fileEvents) }],
  ['network_connection', { fields: new Set([...CONNECTION_FIELDS, 'Image']), events: onceATable(connectionEvents) }],
]);

/** Thousands of rules ask for the same. */
function onceATable(make: (tables: Tables) => readonly SigmaEvent[]): Category['events'] {
  const made = new WeakMap<Tables, readonly SigmaEvent[]>();
  return (tables) => {
    const events = made.get(tables) ?? make(tables);
    made.set(tables, events);
    return events;
  };
}

/** Leaves out what is not known. */
function fieldsOf(given: Readonly<Record<string, string | number | undefined | readonly string[]>>): Fields {
  return new Map(
    Object.entries(given).map(([name, value]) => {
      const values = value === undefined ? [] : typeof value === 'object' ? value : [String(value)];
      return [name, values.map((each) => each.slice(0, LOOKED_AT))];
    }),
  );
}

function called(process: ProcessRow | undefined): string | undefined {
  return process?.arguments && commandOf(process);
}

function processEvents(tables: Tables): readonly SigmaEvent[] {
  return tables.processes.map((process) => {
    const { pid, ppid, executable, credentials, workingFolder } = process;
    const parent = processOf(tables, ppid);
    const fields = fieldsOf({
      Image: executable?.path,
      CommandLine: called(process),
      ParentImage: parent?.executable?.path,
      ParentCommandLine: called(parent),
      User: credentials && [String(credentials.uid), ...(credentials.uid === 0 ? ['root'] : [])],
      CurrentDirectory: workingFolder,
      ...{ ProcessId: pid, ParentProcessId: ppid },
    });
    return { what: processText(process), fields, references: [{ kind: 'process', pid }] };
  });
}

/** Files that the container changed, and those that are open to be written. */
function fileEvents(tables: Tables): readonly SigmaEvent[] {
  const written = tables.files.flatMap(({ pid, fd, target, flags = 0 }) =>
    typeof fd === 'number' && target.type === 'file' && (flags & ACCESS_MODE) !== 0
      ? { pid, fd, path: target.path }
      : [],
  );
  const holders = Map.groupBy(written, ({ path }) => path);
  const changed = new Set(
    tables.changes.flatMap(({ path, change, type }) => (change === 'deleted' || type === 'folder' ? [] : path)),
  );
  return Array.from(new Set([...changed, ...holders.keys()]), (path) => {
    const open = holders.get(path) ?? [];
    const [first, ...rest] = [
      ...(changed.has(path) ? [{ kind: 'rootfs', path } as const] : []),
      ...open.slice(0, MOST_HOLDERS).map(({ pid, fd }) => ({ kind: 'fd', pid, fd }) as const),
    ];
    const fields = fieldsOf({ TargetFilename: path, Image: imagesOf(tables, open) });
    return { what: `file ${path}`, fields, references: [first ?? { kind: 'rootfs', path }, ...rest] };
  });
}

function imagesOf(tables: Tables, holders: readonly { readonly pid: number }[]): readonly string[] {
  const pids = new Set(holders.map(({ pid }) => pid));
  return [...new Set(Array.from(pids, (pid) => processOf(tables, pid)?.executable?.path ?? []).flat())];
}

/** The source of a connection is who began it. */
function connectionEvents(tables: Tables): readonly SigmaEvent[] {
  const own = inetSockets(tables);
  const began = new Set(outgoing(tables));
  const listening = new Set(own.flatMap(({ state, local }) => (state === 'listen' ? local.port : [])));
  return own.flatMap((socket) => {
    const { local, remote, protocol, state } = socket;
    if (state === 'listen' || remote.port === 0) return [];
    const initiated = began.has(socket) || !listening.has(local.port);
    const [source, destination] = initiated ? [local, remote] : [remote, local];
    const fields = fieldsOf({
      ...{ SourceIp: plainAddress(source.address), SourcePort: source.port },
      ...{ DestinationIp: plainAddress(destination.address), DestinationPort: destination.port },
      ...{ Protocol: protocol, Initiated: String(initiated), Image: imagesOf(tables, socket.holders) },
    });
    const what = `connection ${source.address}:${source.port} → ${destination.address}:${destination.port}`;
    return [{ what, fields, references: socketReferences(socket) }];
  });
}
