/** Rows of one table by what they belong to, grouped once for all rules: a table may have two million rows. */
import type { FileRow } from '../analysers/files.ts';
import type { Tables } from '../analysers/index.ts';
import type { MappingRow } from '../analysers/mappings.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import type { SocketRow } from '../analysers/sockets.ts';

const NONE: readonly never[] = [];
const grouped = new WeakMap<object, ReadonlyMap<unknown, readonly unknown[]>>();

function group<Row extends object>(
  rows: readonly Row[],
  keyOf: (row: Row) => unknown,
): (key: unknown) => readonly Row[] {
  const known = grouped.get(rows) ?? Map.groupBy(rows, keyOf);
  grouped.set(rows, known);
  return (key) => (known.get(key) as readonly Row[] | undefined) ?? NONE;
}

/** The open files of a process, its executable and folders among them. */
export function filesOf({ files }: Tables, pid: number): readonly FileRow[] {
  return group(files, (row) => row.pid)(pid);
}

/** The mappings of a process by ascending address. */
export function mappingsOf({ mappings }: Tables, pid: number): readonly MappingRow[] {
  return group(mappings, (row) => row.pid)(pid);
}

export function processOf({ processes }: Tables, pid: number): ProcessRow | undefined {
  return group(processes, (row) => row.pid)(pid)[0];
}

/** The socket of a file id. */
export function socketOf({ sockets }: Tables, fileId: number): SocketRow | undefined {
  return group(sockets, (row) => row.fileId)(fileId)[0];
}

/** The process that all others descend from; undefined where the tree is lost. */
export function rootProcess({ processes }: Tables): ProcessRow | undefined {
  return processes.find(({ pid }) => pid === 1) ?? processes.find(({ ppid }) => ppid === 0);
}

/**
 * Whether this is what the container is there for: the program of its first process. A tunnel as the only program of a container
 * was put there by who wrote the manifest.
 */
export function isOwnProgram(tables: Tables, { executable }: Pick<ProcessRow, 'executable'>): boolean {
  const root = rootProcess(tables);
  return executable !== undefined && root?.executable?.path === executable.path;
}
