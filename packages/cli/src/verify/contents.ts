/** An archive held against what its statement lists: its own digest, each entry, the Merkle root of its memory. */
import type { Digest } from '@stillframe/core';
import type { Measured, MeasuredEntry, RecordedCapture, RecordedContents } from '@stillframe/evidence';
import { showProgress } from '../display/progress.ts';
import { measureFile } from '../evidence/measured-file.ts';
import type { Io } from '../io.ts';
import type { Check } from './check.ts';

/** One entry that is not what was recorded. */
export interface EntryFault {
  name: string;
  what: 'changed' | 'removed' | 'added';
  recorded?: MeasuredEntry;
  found?: MeasuredEntry;
}

export interface ContentsReport {
  archive: Check;
  entries: Check;
  memory: Check;
  /** In the order of the archive as it was captured; what was added comes last. */
  faults: readonly EntryFault[];
  /** SHA-256 of the archive as it is. */
  digest: Digest;
}

/** Reads the archive once, a compressed one twice. Throws what measureFile throws. */
export async function checkContents(
  path: string,
  recorded: RecordedCapture,
  contents: RecordedContents,
  io: Io,
): Promise<ContentsReport> {
  using progress = showProgress(io, 'verifying');
  const {
    digest,
    size,
    contents: found,
    damage,
  } = await measureFile(path, { signal: io.signal, onProgress: progress.update });
  return { archive: ofArchive(recorded, digest, size), digest, ...ofContents(contents, found, damage) };
}

function ofArchive(recorded: RecordedCapture, digest: Digest, size: number): Check {
  if (recorded.size !== undefined && recorded.size !== size)
    return { state: 'fails', text: `it has ${size} bytes, ${recorded.size} were recorded` };
  if (recorded.digest !== digest) return { state: 'fails', text: `${digest}, recorded was ${recorded.digest}` };
  return { state: 'holds', text: `${digest}, ${size} bytes` };
}

function ofContents(
  recorded: RecordedContents,
  measured: Measured | undefined,
  damage: string | undefined,
): Omit<ContentsReport, 'archive' | 'digest'> {
  if (!recorded.entries) {
    const text = 'the statement lists none: it is of a version before, or they are too many';
    return { entries: { state: 'unchecked', text }, memory: ofMemory(recorded, measured), faults: [] };
  }
  const faults = faultsOf(recorded.entries, measured?.entries ?? []);
  const [first] = faults;
  const count = recorded.entries.length;
  const reason = damage === undefined ? '' : `; the archive is damaged: ${damage}`;
  const entries: Check = first
    ? { state: 'fails', text: `${faults.length} of ${count}, the first ${first.what}: ${first.name}${reason}` }
    : { state: 'holds', text: `${count}` };
  return { entries, memory: ofMemory(recorded, measured), faults };
}

function ofMemory({ memory: recorded }: RecordedContents, measured: Measured | undefined): Check {
  if (!recorded) return { state: 'unchecked', text: 'the statement has no root: it is of a version before' };
  const { memory: found } = measured ?? {};
  if (found && found.run !== recorded.run)
    return {
      state: 'unchecked',
      text: `the root is over runs of ${recorded.run} bytes, which this version does not make`,
    };
  const text = `${recorded.leaves} runs of ${recorded.run} bytes, root ${recorded.root}`;
  if (found?.root === recorded.root && found.leaves === recorded.leaves) return { state: 'holds', text };
  return { state: 'fails', text: `root ${found?.root ?? 'none'}, recorded were ${text}` };
}

function faultsOf(recorded: readonly MeasuredEntry[], found: readonly MeasuredEntry[]): EntryFault[] {
  const left = new Map(found.map((entry) => [entry.name, entry]));
  const faults: EntryFault[] = [];
  for (const entry of recorded) {
    const here = left.get(entry.name);
    left.delete(entry.name);
    if (!here) faults.push({ name: entry.name, what: 'removed', recorded: entry });
    else if (here.size !== entry.size || digestText(here) !== digestText(entry))
      faults.push({ name: entry.name, what: 'changed', recorded: entry, found: here });
  }
  for (const entry of left.values()) faults.push({ name: entry.name, what: 'added', found: entry });
  return faults;
}

const digestText = (entry: MeasuredEntry): string => ('digest' in entry ? entry.digest : entry.root);
