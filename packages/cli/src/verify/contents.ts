/** An archive held against what its statement lists: its own digest, each entry, the Merkle root of its memory. */
import { type Archive, openArchive, rangesOf } from '@stillframe/checkpoint';
import { type Digest, digestSource, messageOf, observedSource, StillframeError } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import {
  type Measured,
  type MeasuredEntry,
  measure,
  type RecordedCapture,
  type RecordedContents,
} from '@stillframe/evidence';
import { showProgress } from '../display/progress.ts';
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
}

/** Reads the archive once, a compressed one twice. Throws ERR_FILE_UNREADABLE and the system's errors. */
export async function checkContents(
  path: string,
  recorded: RecordedCapture,
  contents: RecordedContents,
  io: Io,
): Promise<ContentsReport> {
  const { signal } = io;
  using progress = showProgress(io, 'verifying');
  let archive: Archive | undefined;
  let unreadable: string | undefined;
  try {
    archive = await openArchive(path, { signal, partial: true });
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    unreadable = messageOf(error);
  }
  await using _open = archive;
  await using file = await openFileSource(path);
  const onProgress = (bytes: number) => progress.update(bytes, file.size);
  const measured = archive?.tar && (await measure(archive.tar, rangesOf(archive.entries), { signal, onProgress }));
  const compressed = archive?.tar !== archive?.bytes;
  const digest =
    measured && !compressed
      ? measured.digest
      : await digestSource(
          observedSource(file, (bytes) => onProgress(bytes)),
          { signal },
        );
  const damage = unreadable ?? archive?.diagnostics.find(({ severity }) => severity === 'error')?.message;
  return { archive: ofArchive(recorded, digest, file.size), ...ofContents(contents, measured, damage) };
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
): Omit<ContentsReport, 'archive'> {
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
