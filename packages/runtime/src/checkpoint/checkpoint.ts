/**
 * CheckpointContainer: freeze, dump, take the filesystem diff, thaw; then, with the container running again, pack,
 * hash, sync and publish the archive. The container pays for the first half only.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Digest } from '@stillframe/core';
import { type CaptureAsker, evidencePath } from '@stillframe/evidence';
import { containerOf } from '../container/lifecycle.ts';
import { statusOf } from '../container/status.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { Publication } from '../store/operation-journal.ts';
import type { CheckpointFigures, ContainerRecord } from '../store/records.ts';
import { type Capture, captureAll } from './capture.ts';
import { type CaptureChoices, choicesOf } from './choices.ts';
import { writeEvidence } from './evidence.ts';
import { checkLocation, tellFullDisk } from './location.ts';
import { noticeableIn } from './noticeable.ts';
import { type PackedArchive, packArchive } from './pack.ts';
import type { PauseBudget } from './pause-budget.ts';
import { publishAll } from './publication.ts';
import { limitTime } from './time-limit.ts';
import { openWork } from './work.ts';

export interface CheckpointOptions {
  /** A cancelled capture lets the container run on and leaves nothing; CRIU is not killed but made to give up. */
  signal?: AbortSignal | undefined;
  /** Seconds until it counts as cancelled; what a container's annotation says of that holds besides. */
  timeout?: number | undefined;
  /** When the filesystem's changes are taken; goes before what the container's annotations say of that. */
  rootfs?: CaptureChoices['rootfs'] | undefined;
  /** How long what is captured may stand still; goes before what the container's annotations say of that. */
  budget?: PauseBudget | undefined;
  /** Who asked, for the evidence. */
  askedBy?: readonly CaptureAsker[] | undefined;
}

/**
 * Writes the archive to `location`; the container runs on unless it is to end with it.
 * Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_STATE, ERR_CHECKPOINT_LOCATION, ERR_CHECKPOINT_EXISTS,
 * ERR_CHECKPOINT_DUMP with CRIU's reason, ERR_CHECKPOINT_DISK_FULL, ERR_CHECKPOINT_TIMEOUT, ERR_CHECKPOINT_PAUSE_BUDGET; the container then runs on and nothing is left.
 */
export async function checkpointContainer(
  context: NodeContext,
  idOrPrefix: string,
  location: string,
  options: CheckpointOptions = {},
): Promise<CheckpointFigures> {
  const { id } = containerOf(context, idOrPrefix);
  await checkLocation(location);
  using asked = limitTime(options.timeout, options.signal);
  return await context.locks.run(id, async () => {
    asked.signal?.throwIfAborted();
    const record = await runningContainer(context, id);
    using limited = limitTime(choicesOf(context, record).timeout, asked.signal);
    return await tellFullDisk(location, () =>
      captureTo(context, record, location, { ...options, signal: limited.signal }),
    );
  });
}

/** Throws ERR_CONTAINER_STATE for one that does not run. */
export async function runningContainer(context: NodeContext, id: string): Promise<ContainerRecord> {
  const record = containerOf(context, id);
  const { state } = await statusOf(context, record);
  if (state === 'running') return record;
  throw runtimeError('ERR_CONTAINER_STATE', `container ${id} is not running (it is ${state})`);
}

async function captureTo(
  context: NodeContext,
  record: ContainerRecord,
  location: string,
  options: CheckpointOptions,
): Promise<CheckpointFigures> {
  await using work = await openWork(context, [record.id], dirname(location));
  await using captures = await captureAll(context, [{ record, work: work.path }], options);
  const [capture] = captures.all;
  // There is one capture a target.
  if (!capture) throw runtimeError('ERR_CHECKPOINT_DUMP', 'nothing was captured');
  const finished = await finishCapture(context, capture, location, options);
  context.onStep('checkpoint-finished');
  await publishAll(context, work.operation, publicationOf([finished]));
  return finished.figures;
}

/** An archive with its evidence, complete under temporary names in the work folder. */
export interface FinishedCapture {
  capture: Capture;
  /** Whether the dump holds TCP connections. */
  connected: boolean;
  archive: string;
  evidence: string;
  digest: Digest;
  /** SHA-256 of the statement in the evidence. */
  statement: Digest;
  versions: PackedArchive['facts']['versions'];
  figures: CheckpointFigures;
}

/** What is to be named and noted of finished captures. */
export function publicationOf(finished: readonly FinishedCapture[]): Publication {
  return {
    files: finished.flatMap(({ archive, evidence, figures: { location } }) => [
      { from: archive, to: location },
      { from: evidence, to: evidencePath(location) },
    ]),
    captured: finished.map(({ capture, figures }) => ({ containerID: capture.record.id, figures })),
    ending: finished
      .filter(({ capture }) => !capture.choices.leaveRunning)
      .map(({ capture, connected }) => ({ id: capture.record.id, connected })),
  };
}

/** Packs, hashes and syncs; nothing has its final name yet. */
export async function finishCapture(
  context: NodeContext,
  capture: Capture,
  location: string,
  options: CheckpointOptions,
): Promise<FinishedCapture> {
  options.signal?.throwIfAborted();
  const { record, work } = capture;
  const connected = (await readdir(join(work, 'checkpoint'))).some((name) => name.startsWith('tcp-stream-'));
  const archive = await packArchive(context, record, capture, join(work, 'archive.tar'), options);
  context.onStep('checkpoint-packed');
  options.signal?.throwIfAborted();
  const figures: CheckpointFigures = {
    location,
    at: capture.startedAt.toISOString(),
    truePause: capture.pause.truePause,
    rootfs: { taken: capture.choices.rootfs, duration: capture.pause.rootfsDiff },
    digest: archive.digest,
    size: archive.size,
  };
  // Written before either file gets its name: a disk that fills up now leaves neither.
  const evidence = join(work, 'evidence.json');
  const statement = await writeEvidence(context, evidence, {
    archive: { name: basename(location), digest: archive.digest, size: archive.size },
    contents: archive.contents,
    ...archive.facts,
    startedAt: figures.at,
    finishedAt: new Date().toISOString(),
    pause: capture.pause,
    ...(capture.expected ? { pauseBudget: capture.expected } : {}),
    noticeable: noticeableIn(capture, connected),
    ...(options.askedBy ? { askedBy: options.askedBy } : {}),
  });
  const { path, digest, facts } = archive;
  return { capture, connected, archive: path, evidence, digest, statement, versions: facts.versions, figures };
}

/** The running container's specification, as spec.dump is made of it. */
export async function readSpec(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
}
