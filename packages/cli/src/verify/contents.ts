/** An archive held against what its statement lists: its own digest, each entry, the Merkle root of its memory. */
import { openArchive } from '@stillframe/checkpoint';
import type { Digest } from '@stillframe/core';
import type { Measured, MeasuredEntry, RecordedCapture, RecordedContents } from '@stillframe/evidence';
import { showProgress } from '../display/progress.ts';
import { measureFile } from '../evidence/measured-file.ts';
import type { Io } from '../io.ts';
import type { Check } from './check.ts';
import { faultsOutside, hasTail } from './outside.ts';

/** One entry that is not what was recorded. */
export interface EntryFault {
  name: string;
  /** `header` and `padding` are outside of its body, which is as recorded. */
  what: 'changed' | 'removed' | 'added' | 'moved' | 'header' | 'padding';
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
  const { signal } = io;
  const { digest, size, contents: measured, damage } = await measureFile(path, { signal, onProgress: progress.update });
  const whole = ofArchive(recorded, digest, size);
  const found: Found = { measured, damage: measured ? undefined : damage, outside: [], remark: undefined };
  // What an archive was captured with is no fault of it.
  if (whole.state === 'fails' && measured) await lookOutside(path, found, signal);
  return { archive: whole, digest, ...ofContents(contents, found) };
}

/** What was found of a changed archive. */
interface Found {
  measured: Measured | undefined;
  /** Why it cannot be read to its end. */
  damage: string | undefined;
  outside: EntryFault[];
  /** Something that may be the change where no entry is. */
  remark: string | undefined;
}

async function lookOutside(path: string, found: Found, signal: AbortSignal): Promise<void> {
  await using archive = await openArchive(path, { signal, partial: true });
  const { tar, entries, diagnostics } = archive;
  if (!tar) return;
  const last = [...entries.keys()].at(-1);
  const error = diagnostics.find(({ severity }) => severity === 'error')?.message;
  found.damage = error && (last === undefined ? error : `behind ${last}, ${error}`);
  found.outside = await faultsOutside({ tar, entries }, { signal });
  found.remark = diagnostics.find(({ severity }) => severity === 'warning')?.message;
  if (!found.damage && !found.remark && (await hasTail({ tar, entries }, { signal })))
    found.remark = 'bytes follow its end';
}

function ofArchive(recorded: RecordedCapture, digest: Digest, size: number): Check {
  if (recorded.size !== undefined && recorded.size !== size)
    return { state: 'fails', text: `it has ${size} bytes, ${recorded.size} were recorded` };
  if (recorded.digest !== digest) return { state: 'fails', text: `${digest}, recorded was ${recorded.digest}` };
  return { state: 'holds', text: `${digest}, ${size} bytes` };
}

function ofContents(recorded: RecordedContents, found: Found): Omit<ContentsReport, 'archive' | 'digest'> {
  const { measured, damage, outside, remark } = found;
  const memory = ofMemory(recorded, measured);
  if (!recorded.entries) {
    const text = 'the statement lists none: it is of a version before, or they are too many';
    return { entries: { state: 'unchecked', text }, memory, faults: [] };
  }
  const faults = [...faultsOf(recorded.entries, measured?.entries ?? []), ...outside];
  const [first] = faults;
  const count = recorded.entries.length;
  const reasons = [
    first && `${faults.length} of ${count}, the first ${WORDS[first.what]}: ${first.name}`,
    damage !== undefined && `the archive is damaged: ${damage}`,
  ].filter((reason) => typeof reason === 'string');
  const fails = reasons.length > 0;
  const text = fails ? reasons.join('; ') : `${count}${remark === undefined ? '' : `; but ${remark}`}`;
  return { entries: { state: fails ? 'fails' : 'holds', text }, memory, faults };
}

/** A fault as a sentence has it. */
const WORDS = {
  ...{ changed: 'changed', removed: 'removed', added: 'added', moved: 'moved' },
  ...{ header: 'changed in its header', padding: 'changed in the padding behind it' },
} as const;

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

/** Names that occur several times are paired in their order. */
function faultsOf(recorded: readonly MeasuredEntry[], found: readonly MeasuredEntry[]): EntryFault[] {
  const left = new Map<string, number[]>();
  for (const [at, { name }] of found.entries()) {
    const places = left.get(name);
    if (places) places.push(at);
    else left.set(name, [at]);
  }
  const taken = new Set<number>();
  const faults: EntryFault[] = [];
  let latest = -1;
  for (const entry of recorded) {
    const { name } = entry;
    const at = left.get(name)?.shift() ?? -1;
    const here = found[at];
    if (!here) {
      faults.push({ name, what: 'removed', recorded: entry });
      continue;
    }
    taken.add(at);
    if (here.size !== entry.size || digestText(here) !== digestText(entry))
      faults.push({ name, what: 'changed', recorded: entry, found: here });
    else if (at < latest) faults.push({ name, what: 'moved', recorded: entry, found: here });
    latest = Math.max(latest, at);
  }
  for (const [at, entry] of found.entries()) {
    if (!taken.has(at)) faults.push({ name: entry.name, what: 'added', found: entry });
  }
  return faults;
}

const digestText = (entry: MeasuredEntry): string => ('digest' in entry ? entry.digest : entry.root);
