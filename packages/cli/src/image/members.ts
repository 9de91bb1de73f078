/** The archives that `image build` is given: each seen to be what was captured, and laid out for an engine where one is named. */
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Checkpoint,
  type DroppedPages,
  demandComplete,
  demandRecorded,
  openCheckpoint,
  type PodMember,
  verifyArchive,
} from '@stillframe/checkpoint';
import { type Diagnostic, type Digest, observedSource, type UndoStack } from '@stillframe/core';
import { openScratchFile, openTemporaryFolder } from '@stillframe/core/file';
import { type ArchivePlan, type ArchiveWishes, planArchive, writePlan } from '../archive-for.ts';
import { noteOpened } from '../custody/note.ts';
import { showProgress } from '../display/progress.ts';
import type { Io } from '../io.ts';
import { type FoundEvidence, readEvidence } from './evidence.ts';

/** What is asked of the archives. */
export interface MemberOptions extends ArchiveWishes {
  /** Whether evidence beside an archive is held against it. */
  verify: boolean;
  /** Also archives that no process can be restored from. */
  force?: boolean;
}

/** An archive that was looked at; nothing has been written. */
export interface PreparedArchive {
  readonly path: string;
  readonly checkpoint: Checkpoint;
  readonly recorded: FoundEvidence | undefined;
  /** The archive that goes into the image instead of this one. */
  readonly plan: ArchivePlan | undefined;
  /** What was found where pages of zeroes are to be left out. */
  readonly dropped: DroppedPages | undefined;
  /** What convertArchive is to be told, of the archive itself. */
  readonly options: NonNullable<PodMember['options']>;
}

/**
 * Opens an archive, holds it against its evidence and plans its layout; `undo` closes it. `hashed`: its digest is wanted
 * before anything is written. Throws what openCheckpoint, verifyArchive, demandComplete and convertFor throw.
 */
export async function prepareArchive(
  path: string,
  options: MemberOptions,
  { undo, hashed, io }: { undo: UndoStack; hashed: boolean; io: Io },
): Promise<PreparedArchive> {
  const { signal } = io;
  const checkpoint = await openCheckpoint(path, { signal });
  undo.push('archive', () => checkpoint[Symbol.asyncDispose]());
  await noteOpened(checkpoint.archive, io);
  const recorded = options.verify ? await readEvidence(path) : await readEvidence(path).catch(() => undefined);
  const recordedDigest = options.verify ? recorded?.digest : undefined;
  // Before a layout is made: what is refused leaves nothing behind.
  if (!options.force) demandComplete(checkpoint);
  const { plan, dropped } = await planArchive(checkpoint, options, signal);
  const { bytes } = checkpoint.archive;
  const knownDigest =
    bytes && (hashed || plan) ? await verifyShown({ ...checkpoint.archive, bytes }, recordedDigest, io) : undefined;
  const facts = recorded && { recordedDigest: recorded.digest, recordedName: recorded.name };
  return { path, checkpoint, recorded, plan, dropped, options: { knownDigest, recordedDigest, facts } };
}

/** The line of its progress goes before anything else is told. */
async function verifyShown(
  archive: Parameters<typeof verifyArchive>[0],
  recorded: Digest | undefined,
  io: Io,
): Promise<Digest> {
  using progress = showProgress(io, 'hash');
  const { bytes } = archive;
  const watched = observedSource(bytes, (end) => progress.update(end, bytes.size));
  return await verifyArchive({ ...archive, bytes: watched }, recorded, { signal: io.signal });
}

/**
 * What goes into the image: the archive, or the one that was planned, written below `room`, or without a name where no
 * layout takes it over; `undo` removes that. Throws ERR_CHECKPOINT_DIGEST_MISMATCH for a file that changes meanwhile.
 */
export async function memberOf(
  prepared: PreparedArchive,
  room: string | undefined,
  { undo, io }: { undo: UndoStack; io: Io },
): Promise<PodMember> {
  const { checkpoint, plan, options } = prepared;
  if (!plan) return { checkpoint, options };
  const { from, digest, contentDigest } = await writeMember(plan, room, { undo, io });
  const made = await openCheckpoint(from, { signal: io.signal, label: checkpoint.archive.label });
  undo.push('new archive', () => made[Symbol.asyncDispose]());
  const { knownDigest: source } = options;
  const known = { knownDigest: digest, knownDiffID: contentDigest };
  if (!plan.altered) {
    // The bytes that were captured, compressed: what is recorded of them holds.
    demandRecorded(contentDigest, source, checkpoint.archive.label);
    return { checkpoint: made, options: { ...known, facts: options.facts ?? { sourceDigest: source } } };
  }
  const { engine, engineVersion, capture } = checkpoint.metadata;
  // Its bytes are nobody's evidence; those that it was made of are named. Who captured it stays who it was.
  const facts = {
    sourceDigest: source,
    engineName: engine,
    engineVersion,
    stillframeVersion: engine === 'stillframe' ? engineVersion : undefined,
    criuVersion: capture?.criuVersion,
    truePause: capture && String(capture.truePause),
  };
  return { checkpoint: made, options: { ...known, facts } };
}

/** The planned archive as a file that a layout can take over, or as one that is gone with this process. */
async function writeMember(plan: ArchivePlan, room: string | undefined, { undo, io }: { undo: UndoStack; io: Io }) {
  if (room === undefined) {
    const file = await openScratchFile(tmpdir());
    undo.push('new archive', () => file[Symbol.asyncDispose]());
    const written = await writePlan(plan, (bytes) => file.append(bytes), io);
    return { ...written, from: file.source() };
  }
  const folder = await openTemporaryFolder(room, 'image');
  undo.push('new archive', () => folder[Symbol.asyncDispose]());
  const from = join(folder.path, 'archive');
  await using file = await open(from, 'wx', 0o600);
  return { ...(await writePlan(plan, (bytes) => file.writeFile(bytes), io)), from };
}

/** Faults of all of them. */
export function faultsOf(prepared: readonly PreparedArchive[]): Diagnostic[] {
  return prepared.flatMap(({ checkpoint }) => checkpoint.diagnostics());
}
