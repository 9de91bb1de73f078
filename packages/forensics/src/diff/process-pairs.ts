/** Which process of one checkpoint is which of the other. */
import { createHash } from 'node:crypto';
import type { ProcessRow } from '../analysers/processes.ts';
import { type PairingKey, pairUp } from './pair.ts';

/** Processes of both sides, by pid, with one name a process for keys. */
export interface ProcessPairs {
  readonly pairs: readonly (readonly [before: ProcessRow, after: ProcessRow])[];
  readonly started: readonly ProcessRow[];
  readonly ended: readonly ProcessRow[];
  /** What keys call a process, for each pid: the same for both of a pair. */
  readonly before: ReadonlyMap<number, string>;
  readonly after: ReadonlyMap<number, string>;
  /** Pids before that have a partner, with the partner's. */
  readonly partners: ReadonlyMap<number, number>;
}

/**
 * Of one container at two times a process keeps its pid; with it, its executable, its parent or its name must be the same, for
 * pids come again. Siblings are paired by what they execute, how they were called and where they stand in the tree.
 */
export function pairProcesses(
  before: readonly ProcessRow[],
  after: readonly ProcessRow[],
  sibling: boolean,
): ProcessPairs {
  const { pairs, added, removed } = pairUp(before, after, sibling ? siblingKeys(before, after) : TIMES);
  const labels = { before: new Map<number, string>(), after: new Map<number, string>() };
  for (const { pid } of removed) labels.before.set(pid, sibling ? `${pid}-` : String(pid));
  for (const { pid } of added) labels.after.set(pid, sibling ? `+${pid}` : String(pid));
  for (const [old, now] of pairs) {
    const label = old.pid === now.pid ? String(now.pid) : `${old.pid}-${now.pid}`;
    labels.before.set(old.pid, label);
    labels.after.set(now.pid, label);
  }
  const partners = new Map(pairs.map(([old, now]) => [old.pid, now.pid]));
  return { pairs, started: added, ended: removed, ...labels, partners };
}

const TIMES: readonly PairingKey<ProcessRow>[] = [
  ({ pid, executable }) => executable && `${pid} ${executable.path}`,
  ({ pid, ppid }) => `${pid} ${ppid}`,
  ({ pid, name }) => name && `${pid} ${name}`,
];

/** From the strictest to what is left: place and arguments, place, arguments, the executable alone, and the root of the tree. */
function siblingKeys(before: readonly ProcessRow[], after: readonly ProcessRow[]): readonly PairingKey<ProcessRow>[] {
  const places = { before: placesOf(before, called), after: placesOf(after, called) };
  const loose = { before: placesOf(before, executed), after: placesOf(after, executed) };
  return [
    (process, side) => places[side].get(process),
    (process, side) => loose[side].get(process),
    called,
    executed,
    ({ pid, ppid }) => (ppid === 0 ? `root ${pid === 1}` : undefined),
  ];
}

const executed = ({ executable, name }: ProcessRow): string => `${executable?.path ?? ''}\0${name ?? ''}`;
const called = (process: ProcessRow): string => `${executed(process)}\0${process.arguments?.join('\0') ?? ''}`;

/** A digest of each process together with all that it descends from; of a circle of parents, as far as it goes. */
function placesOf(
  processes: readonly ProcessRow[],
  what: (process: ProcessRow) => string,
): ReadonlyMap<ProcessRow, string> {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const places = new Map<ProcessRow, string>();
  for (const process of processes) {
    const line: ProcessRow[] = [];
    const seen = new Set<ProcessRow>();
    let at: ProcessRow | undefined = process;
    while (at && !places.has(at) && !seen.has(at)) {
      seen.add(at);
      line.push(at);
      at = byPid.get(at.ppid);
    }
    let place = (at && places.get(at)) ?? '';
    for (const each of line.reverse()) {
      place = createHash('sha256').update(place).update('\0').update(what(each)).digest('base64');
      places.set(each, place);
    }
  }
  return places;
}
