/** Processes, their environment and their open files: what started, ended and changed. */
import { targetName } from '@stillframe/checkpoint';
import { core_entry_march } from '@stillframe/criu-image/proto';
import type { FileRow } from '../analysers/files.ts';
import type { Tables } from '../analysers/index.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import { changedRow, compareThings, type Thing } from './keyed.ts';
import type { ProcessPairs } from './process-pairs.ts';
import type { DiffRow, DiffTable, Facts, NotCompared } from './row.ts';

/** Which processes are compared, and whether numbers that two containers never share are to be left out. */
export interface Comparison {
  readonly before: Tables;
  readonly after: Tables;
  readonly processes: ProcessPairs;
  readonly sibling: boolean;
  /** Takes what could not be compared. */
  skip(what: NotCompared): void;
}

const SIDES = ['before', 'after'] as const;

/**
 * The processes of which one side has rows of a table and the other has none, which is for want of an image and no difference; each is
 * told. A process that died has none by right.
 */
export function unreadable(
  table: DiffTable,
  { processes: { pairs, after }, skip }: Comparison,
  counts: Readonly<Record<'before' | 'after', (pid: number) => number>>,
): ReadonlySet<string> {
  const lost = new Set<string>();
  for (const [old, now] of pairs) {
    if (old.state === 'dead' || now.state === 'dead') continue;
    const [was, is] = [counts.before(old.pid), counts.after(now.pid)];
    if (was === is || (was !== 0 && is !== 0)) continue;
    const key = after.get(now.pid) ?? String(now.pid);
    lost.add(key);
    skip({ table, key, reason: `not to be read ${was === 0 ? 'before' : 'after'}` });
  }
  return lost;
}

/** `process 7 (sh)`. */
function processLabel({ pid, name }: ProcessRow): string {
  return `process ${pid} (${name ?? '?'})`;
}

export function* processRows({ processes, sibling, skip }: Comparison): Generator<DiffRow> {
  const { pairs, started, ended } = processes;
  for (const process of started) {
    const thing = processThing(process, processes.after, processes.after, sibling);
    yield* compareThings('processes', [], [thing]);
  }
  for (const process of ended) {
    const thing = processThing(process, processes.before, processes.before, sibling);
    yield* compareThings('processes', [thing], []);
  }
  for (const pair of pairs) {
    const [old, now] = pair;
    const was = processThing(old, processes.before, processes.before, sibling);
    const is = processThing(now, processes.after, processes.after, sibling);
    const row = changedRow('processes', was, is);
    if (row) yield row;
    // What a dead process had is gone with it, and that it died is told.
    if (old.state === 'dead' || now.state === 'dead') continue;
    for (const side of SIDES) {
      const [one, other] = side === 'before' ? [was, is] : [is, was];
      const lost = Object.keys(other.facts).filter(
        (name) => one.facts[name] === undefined && other.facts[name] !== undefined,
      );
      if (lost.length > 0)
        skip({ table: 'processes', key: is.key, reason: `${lost.join(', ')} not to be read ${side}` });
    }
  }
}

function processThing(
  process: ProcessRow,
  labels: ReadonlyMap<number, string>,
  parents: ReadonlyMap<number, string>,
  sibling: boolean,
): Thing {
  const { pid, ppid, sid, name, state, executable, workingFolder, root, credentials, seccomp } = process;
  const threads = process.threads.map(({ tid, name: called }) => ({ ...(sibling ? {} : { tid }), name: called }));
  return {
    key: labels.get(pid) ?? String(pid),
    label: processLabel(process),
    facts: {
      ...(sibling ? {} : { sid }),
      parent: parents.get(ppid) ?? String(ppid),
      ...{ name, state, arguments: process.arguments, executable, workingFolder, root },
      ...{ credentials: credentials && credentialFacts(credentials), seccomp, threads },
    },
    more: { pid },
    reference: { kind: 'process', pid },
  };
}

/** Names in place of masks. */
function credentialFacts({ capabilities, secureBits, ...ids }: NonNullable<ProcessRow['credentials']>): Facts {
  const named = Object.entries(capabilities).map(([set, { names, unknown }]) => [
    set,
    [...names, ...unknown.map((bit: number) => `bit ${bit}`)],
  ]);
  return { ...ids, secureBits: secureBits.names, capabilities: Object.fromEntries(named) };
}

/** Variables as each program was started with them: `NAME=value` by process and name. */
export function* environmentRows({ processes, skip }: Comparison): Generator<DiffRow> {
  const { pairs, started, ended, after, before } = processes;
  for (const process of started) yield* compareThings('environment', [], variables(process, after, true));
  for (const process of ended) yield* compareThings('environment', variables(process, before, true), []);
  for (const [old, now] of pairs) {
    if (old.environment && now.environment)
      yield* compareThings('environment', variables(old, before), variables(now, after));
    else if (old.environment || now.environment) {
      const reason = `not to be read ${old.environment ? 'after' : 'before'}`;
      skip({ table: 'environment', key: after.get(now.pid) ?? String(now.pid), reason });
    }
  }
}

function variables(process: ProcessRow, labels: ReadonlyMap<number, string>, withProcess = false): readonly Thing[] {
  const { pid } = process;
  return (process.environment ?? []).map((variable) => {
    const equals = variable.indexOf('=');
    const [name, value] = equals < 0 ? [variable, ''] : [variable.slice(0, equals), variable.slice(equals + 1)];
    return {
      key: `${labels.get(pid) ?? pid} ${name}`,
      label: `${name} of ${processLabel(process)}`,
      facts: { name, value },
      reference: { kind: 'process', pid },
      withProcess,
    };
  });
}

/** Open files: by process and number. Ids of CRIU are of one dump, so what a number leads to is compared. */
export function* fileRows(comparison: Comparison): Generator<DiffRow> {
  const { before, after, processes, sibling } = comparison;
  const lost = unreadable('files', comparison, { before: countsOf(before.files), after: countsOf(after.files) });
  const places = { before: placesOf(before.files, processes.before), after: placesOf(after.files, processes.after) };
  const things = (side: 'before' | 'after', other: 'before' | 'after', alone: readonly ProcessRow[]) => {
    const pids = new Set(alone.map(({ pid }) => pid));
    const { [side]: rows } = comparison;
    const isKnown = ({ pid, fd }: FileRow) => {
      const name = processes[side].get(pid) ?? '';
      // Every process executes something and stands somewhere: one that does not is one of which that is not known.
      return !lost.has(name) && (typeof fd === 'number' || pids.has(pid) || places[other].has(`${name}/${fd}`));
    };
    return rows.files.filter(isKnown).map((row) => fileThing(row, processes[side], pids, sibling));
  };
  yield* compareThings(
    'files',
    things('before', 'after', processes.ended),
    things('after', 'before', processes.started),
  );
}

function placesOf(rows: readonly FileRow[], labels: ReadonlyMap<number, string>): ReadonlySet<string> {
  const named = rows.filter(({ fd }) => typeof fd === 'string');
  return new Set(named.map(({ pid, fd }) => `${labels.get(pid) ?? ''}/${fd}`));
}

/** Rows of each process. */
function countsOf(rows: readonly { readonly pid: number }[]): (pid: number) => number {
  const counts = new Map<number, number>();
  for (const { pid } of rows) counts.set(pid, (counts.get(pid) ?? 0) + 1);
  return (pid) => counts.get(pid) ?? 0;
}

function fileThing(
  row: FileRow,
  labels: ReadonlyMap<number, string>,
  alone: ReadonlySet<number>,
  sibling: boolean,
): Thing {
  const { pid, fd, target, flags, position, closeOnExec } = row;
  const name = targetName(target, core_entry_march.X86_64);
  const numbers = target.type === 'pipe' || target.type.endsWith('-socket');
  return {
    key: `${labels.get(pid) ?? pid}/${fd}`,
    label: name,
    facts: {
      type: target.type,
      // Numbers of pipes and sockets are the machine's, which siblings do not share.
      ...(sibling && numbers ? {} : { name }),
      ...(target.type === 'file' ? { deleted: target.deleted } : {}),
      ...(target.type === 'file' && !sibling ? { size: target.size } : {}),
      ...{ flags, closeOnExec, ...(sibling ? {} : { position }) },
    },
    reference: { kind: 'fd', pid, fd },
    withProcess: alone.has(pid),
  };
}
