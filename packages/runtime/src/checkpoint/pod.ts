/**
 * CheckpointPod (cri-api, KEP-5823): several containers of a pod at one instant, as a folder of archives. Nothing is
 * written outside of that folder, and nothing stays in it where the call fails.
 */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, normalize } from 'node:path';
import { POD_OPTIONS } from '@stillframe/checkpoint';
import { digestOf } from '@stillframe/core';
import { evidencePath, type PodPart } from '@stillframe/evidence';
import { containerOf } from '../container/lifecycle.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { sandboxOf } from '../sandbox/sandbox.ts';
import type { Publication } from '../store/operation-journal.ts';
import type { CheckpointFigures, ContainerRecord, SandboxRecord } from '../store/records.ts';
import { type CaptureTarget, captureAll } from './capture.ts';
import {
  type CheckpointOptions,
  type FinishedCapture,
  finishCapture,
  publicationOf,
  runningContainer,
} from './checkpoint.ts';
import { choicesOf } from './choices.ts';
import { writePodEvidence } from './evidence.ts';
import { tellFullDisk } from './location.ts';
import { POD_DUMP, podDocuments, writePodDocument } from './pod-documents.ts';
import { publishAll } from './publication.ts';
import { limitTime } from './time-limit.ts';
import { openWork } from './work.ts';

export interface PodCheckpointRequest {
  sandboxID: string;
  /** An existing, empty, absolute folder, which stays the caller's. */
  outputPath: string;
  /** Running containers of the sandbox, each once. */
  containerIDs: readonly string[];
  /** None is known yet: any is refused. */
  options: Readonly<Record<string, string>>;
}

/**
 * Freezes all containers, dumps each, thaws all, then packs. All run on, whatever their annotations say of that.
 * Throws ERR_CHECKPOINT_OPTION, ERR_CHECKPOINT_POD, ERR_CHECKPOINT_LOCATION, and what checkpointContainer throws.
 */
export async function checkpointPod(
  context: NodeContext,
  request: PodCheckpointRequest,
  options: CheckpointOptions,
): Promise<CheckpointFigures[]> {
  refuseOptions(request.options);
  const sandbox = sandboxOf(context, request.sandboxID);
  if (!sandbox.ready) throw runtimeError('ERR_SANDBOX_NOT_READY', `sandbox ${sandbox.id} is stopped`);
  const ids = containersOf(context, sandbox, request.containerIDs);
  await checkFolder(request.outputPath);
  using asked = limitTime(options.timeout, options.signal);
  return await lockAll(context, ids.toSorted(), async () => {
    asked.signal?.throwIfAborted();
    const records = await Promise.all(ids.map((id) => runningContainer(context, id)));
    const limits = records.flatMap((record) => choicesOf(context, record).timeout ?? []);
    using limited = limitTime(limits.length > 0 ? Math.min(...limits) : undefined, asked.signal);
    return await tellFullDisk(join(request.outputPath, POD_OPTIONS), () =>
      captureTo(context, sandbox, records, request.outputPath, limited),
    );
  });
}

/** Throws ERR_CHECKPOINT_OPTION for any: what is not understood must not be passed over (cri-api). */
export function refuseOptions(options: Readonly<Record<string, string>>): void {
  const [name] = Object.keys(options);
  if (name !== undefined) throw runtimeError('ERR_CHECKPOINT_OPTION', `unknown option ${JSON.stringify(name)}`);
}

function containersOf(context: NodeContext, sandbox: SandboxRecord, asked: readonly string[]): string[] {
  if (asked.length === 0) throw runtimeError('ERR_CHECKPOINT_POD', 'no container is named');
  const records = asked.map((id) => containerOf(context, id));
  const stranger = records.find(({ sandboxID }) => sandboxID !== sandbox.id);
  if (stranger) throw runtimeError('ERR_CHECKPOINT_POD', `container ${stranger.id} is not of sandbox ${sandbox.id}`);
  for (const key of ['id', 'name'] as const) {
    if (new Set(records.map((record) => record[key])).size < records.length) {
      throw runtimeError('ERR_CHECKPOINT_POD', `two of the containers have the same ${key}`);
    }
  }
  return records.map(({ id }) => id);
}

async function checkFolder(path: string): Promise<void> {
  const facts = isAbsolute(path) && normalize(path) === path ? await stat(path).catch(() => undefined) : undefined;
  const names = facts?.isDirectory() ? await readdir(path) : undefined;
  if (names?.length === 0) return;
  throw runtimeError('ERR_CHECKPOINT_LOCATION', `${JSON.stringify(path)} is not an existing, empty, absolute folder`, {
    hint: 'make an empty folder for the checkpoint and give its absolute path',
  });
}

/** Locks in the order of ids, so that two calls never wait for each other. */
function lockAll<T>(context: NodeContext, ids: readonly string[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = ids;
  return first === undefined ? work() : context.locks.run(first, () => lockAll(context, rest, work));
}

async function captureTo(
  context: NodeContext,
  sandbox: SandboxRecord,
  records: readonly ContainerRecord[],
  folder: string,
  options: CheckpointOptions,
): Promise<CheckpointFigures[]> {
  const containerIDs = records.map(({ id }) => id);
  await using work = await openWork(context, containerIDs, folder);
  const targets: CaptureTarget[] = [];
  for (const [index, record] of records.entries()) {
    const path = join(work.path, String(index));
    await mkdir(path, { mode: 0o700 });
    targets.push({ record, work: path });
  }
  await using captures = await captureAll(context, targets, { ...options, leaveRunning: true });
  const finished: FinishedCapture[] = [];
  for (const [index, capture] of captures.all.entries()) {
    const location = join(folder, archiveName(capture.record.name, index));
    finished.push(await finishCapture(context, capture, location, options));
  }
  const documents = await writeDocuments(context, sandbox, finished, { folder, work: work.path, options });
  context.onStep('checkpoint-finished');
  const { files, ...rest } = publicationOf(finished);
  await publishAll(context, work.operation, { ...rest, files: [...files, ...documents] });
  return finished.map(({ figures }) => figures);
}

/** A container's name where that is a plain file name, as those of Kubernetes are. */
function archiveName(name: string, index: number): string {
  return /^[a-z0-9]([a-z0-9-]{0,100}[a-z0-9])?$/.test(name) ? `${name}.tar` : `_${index}.tar`;
}

/**
 * Writes pod.dump, what all is evidence of, and pod.options, which is the last to get its name: without it a folder holds no
 * checkpoint.
 */
async function writeDocuments(
  context: NodeContext,
  sandbox: SandboxRecord,
  finished: readonly FinishedCapture[],
  { folder, work, options }: { folder: string; work: string; options: CheckpointOptions },
): Promise<Publication['files'][number][]> {
  const contents = new Map(
    finished.map(({ capture, figures }) => [capture.record.name, basename(figures.location)] as const),
  );
  const { at: checkpointedAt = '', truePause = 0 } = finished[0]?.figures ?? {};
  const documents = podDocuments(sandbox, contents, { checkpointedAt, truePause, version: context.version });
  await writePodDocument(join(work, POD_DUMP), documents.dump);
  await writePodDocument(join(work, POD_OPTIONS), documents.options);
  const { id, identity } = sandbox;
  await writePodEvidence(context, join(work, evidencePath(POD_OPTIONS)), {
    pod: { name: identity.name, kubeNamespace: identity.kubeNamespace, sandboxID: id },
    parts: finished.map(partOf),
    documents: [
      { name: POD_OPTIONS, digest: digestOf(Buffer.from(documents.options)) },
      { name: POD_DUMP, digest: digestOf(Buffer.from(documents.dump)) },
    ],
    atomic: true,
    versions: finished[0]?.versions ?? { stillframe: context.version },
    startedAt: checkpointedAt,
    finishedAt: new Date().toISOString(),
    pause: { truePause },
    ...(options.askedBy ? { askedBy: options.askedBy } : {}),
  });
  const names = [POD_DUMP, evidencePath(POD_OPTIONS), POD_OPTIONS];
  return names.map((name) => ({ from: join(work, name), to: join(folder, name) }));
}

function partOf({ capture, figures, digest, statement }: FinishedCapture): PodPart {
  const { size, location } = figures;
  const { id, name } = capture.record;
  return { container: { name, id }, archive: basename(location), size, digest, statement };
}
