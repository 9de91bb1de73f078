/** Processes, their environment and their open files: what started, ended and changed. */
import { targetName } from '@stillframe/checkpoint';
import { core_entry_march } from '@stillframe/criu-image/proto';
import type { FileRow } from '../analysers/files.ts';
import type { Tables } from '../analysers/index.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import { changedRow, compareThings, type Thing } from './keyed.ts';
import type { ProcessPairs } from './process-pairs.ts';
import type { DiffRow, Facts, NotCompared } from './row.ts';

/** Which processes are compared, and whether numbers that two containers never share are to be left out. */
export interface Comparison {
  readonly before: Tables;
  readonly after: Tables;
  readonly processes: ProcessPairs;
  readonly sibling: boolean;
  /** Takes what could not be compared. */
  skip(what: NotCompared): void;
}

/** `process 7 (sh)`. */
function processLabel({ pid, name }: ProcessRow): string {
  return `process ${pid} (${name ?? '?'})`;
}

export function* processRows({ processes, sibling }: Comparison): Generator<DiffRow> {
  const { pairs, started, ended } = processes;
  for (const process of started) {
    const thing = processThing(process, processes.after, processes.after, sibling);
    yield* compareThings('processes', [], [thing]);
  }
  for (const process of ended) {
    const thing = processThing(process, processes.before, processes.before, sibling);
    yield* compareThings('processes', [thing], []);
  }
  for (const [old, now] of pairs) {
    const row = changedRow(
      'processes',
      processThing(old, processes.before, processes.before, sibling),
      processThing(now, processes.after, processes.after, sibling),
    );
    if (row) yield row;
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
    more: { pid, ...(process.startTicks === undefined ? {} : { startTicks: process.startTicks }) },
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
export function* fileRows({ before, after, processes, sibling }: Comparison): Generator<DiffRow> {
  const ended = new Set(processes.ended.map(({ pid }) => pid));
  const started = new Set(processes.started.map(({ pid }) => pid));
  yield* compareThings(
    'files',
    before.files.map((row) => fileThing(row, processes.before, ended, sibling)),
    after.files.map((row) => fileThing(row, processes.after, started, sibling)),
  );
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
