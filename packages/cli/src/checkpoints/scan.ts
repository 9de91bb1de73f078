/** The checkpoints of a folder, by names and evidence alone: no archive is opened, so thousands cost little. */
import { lstat, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { StillframeError } from '@stillframe/core';
import type { RecordedCapture } from '@stillframe/evidence';
import { evidencePath } from '@stillframe/evidence';
import { type ParsedArchiveName, parseArchiveName, reservationOf } from '@stillframe/kubelet/names';
import { inParallel } from '@stillframe/oci';
import { readEvidence } from '../image/evidence.ts';
import { type KnownAddresses, learn, ownerOf } from './owner.ts';
import { podUnit } from './pod-folder.ts';
import { KEEP } from './side-files.ts';
import type { CheckpointUnit } from './unit.ts';

/** Files that are looked at, at a time. */
const WIDTH = 16;

interface SeenArchive {
  readonly name: string;
  readonly parsed: ParsedArchiveName;
  readonly size: number;
  readonly inode: bigint;
  readonly evidence: CheckpointUnit['evidence'];
  readonly recorded: RecordedCapture | undefined;
}

/**
 * All checkpoints directly in `folder`: archives that have a kubelet's name, and folders of pods; where it is itself the folder of
 * a pod, that one. Links, other files and what is half removed are passed over. Throws the system's error where the folder
 * cannot be read.
 */
export async function scanFolder(folder: string, options: { signal?: AbortSignal } = {}): Promise<CheckpointUnit[]> {
  const root = resolve(folder);
  const entries = await readdir(root, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  const files = new Set(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
  const own = await podUnit(root, basename(root), async () => [...names]);
  if (own) return [own];
  const known: KnownAddresses = new Map();
  const seen: SeenArchive[] = [];
  const units: CheckpointUnit[] = [];
  const look = async ({ name }: { name: string }, signal: AbortSignal) => {
    signal.throwIfAborted();
    const parsed = files.has(name) ? parseArchiveName(name) : undefined;
    const archive = parsed && (await seeArchive(root, name, parsed, files));
    if (archive?.recorded) learn(known, archive.parsed, archive.recorded);
    if (archive) seen.push(archive);
  };
  await inParallel(entries, WIDTH, look, options.signal);
  for (const { name } of entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))) {
    options.signal?.throwIfAborted();
    const unit = await podUnit(join(root, name), name, () => readdir(join(root, name)));
    if (unit) units.push(unit);
  }
  return [...units, ...seen.map((archive) => unitOf(root, archive, known, names))];
}

async function seeArchive(
  root: string,
  name: string,
  parsed: ParsedArchiveName,
  files: ReadonlySet<string>,
): Promise<SeenArchive | undefined> {
  const path = join(root, name);
  // It may have gone, or become something else, since the folder was read.
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const size = Number(found.size);
  const seen = { name, parsed, size, inode: found.ino };
  if (!files.has(basename(evidencePath(path)))) return { ...seen, evidence: 'none', recorded: undefined };
  try {
    const recorded = await readEvidence(path);
    if (!recorded) return { ...seen, evidence: 'none', recorded };
    const fits = recorded.size === undefined || recorded.size === size;
    return { ...seen, evidence: fits ? 'unchecked' : 'size-differs', recorded };
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    return { ...seen, evidence: 'unreadable', recorded: undefined };
  }
}

function unitOf(
  root: string,
  { name, parsed, size, inode, evidence, recorded }: SeenArchive,
  known: KnownAddresses,
  names: ReadonlySet<string>,
): CheckpointUnit {
  const path = join(root, name);
  // Evidence comes after the archive, so with it the archive is whole, though its name may be reserved for a moment more.
  const writing = evidence === 'none' && names.has(reservationOf(name));
  return {
    kind: 'archive',
    name,
    path,
    archives: [path],
    ...ownerOf(parsed, known),
    time: parsed.time,
    parts: new Map([[path, size]]),
    pinned: names.has(`${name}${KEEP}`),
    pause: recorded?.truePause,
    evidence,
    inode,
    ...(writing ? { held: { why: 'being written', counts: false } } : {}),
  };
}
