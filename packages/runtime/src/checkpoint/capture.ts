/**
 * The freeze: containers are stopped together, each is dumped, what changed in its files is taken at the same instant,
 * and all run again. Everything that can wait is done later.
 */
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UndoStack } from '@stillframe/core';
import { containerFolders } from '../container/folders.ts';
import type { SpecMount } from '../container/spec-mounts.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { type ClonePlace, cloneFolder, openClonePlace } from '../rootfs/clone.ts';
import { createTar } from '../rootfs/create-tar.ts';
import { type RootfsDiff, writeRootfsDiff } from '../rootfs/diff.ts';
import { NODE_FILES } from '../sandbox/pod-mounts.ts';
import type { ContainerRecord } from '../store/records.ts';
import { type CaptureChoices, choicesOf } from './choices.ts';
import { ociFlags, writeCriuConfig } from './criu-options.ts';
import { demandWithin, type PauseBudget, strictest, watchPause } from './pause-budget.ts';
import { estimatePause, type PauseEstimate } from './pause-estimate.ts';
import { thaw } from './thaw.ts';

/** A container and the folder that is filled with what is captured of it. */
export interface CaptureTarget {
  record: ContainerRecord;
  /** Empty; on the filesystem of the archive to be. */
  work: string;
}

/** What the freeze left in the work folder. */
export interface Capture extends CaptureTarget {
  choices: CaptureChoices;
  diff: RootfsDiff;
  /** Whether the filesystem's changes were cloned in the freeze and packed after it. */
  cloned: boolean;
  startedAt: Date;
  /** Microseconds; `truePause` is that of all containers of one freeze, `rootfsDiff` counts for it only where frozen. */
  pause: { truePause: number; dump: number; rootfsDiff: number };
  /** How long all containers of the freeze were expected to stand still, where there was a budget for that. */
  expected: (PauseBudget & PauseEstimate) | undefined;
}

/** What the caller of a capture decides. */
export interface CaptureOptions {
  signal?: AbortSignal | undefined;
  leaveRunning?: boolean | undefined;
  rootfs?: CaptureChoices['rootfs'] | undefined;
  budget?: PauseBudget | undefined;
}

/** Name of the entry that podman, too, keeps shared memory of the pod in. */
export const SHARED_MEMORY = 'devshm-checkpoint.tar';

/** Captures; disposing thaws what still stands still, which are those containers that are to end with it. */
export interface Captures extends AsyncDisposable {
  readonly all: readonly Capture[];
}

function checkUsers(context: NodeContext, { name, sandboxID }: ContainerRecord): void {
  if (context.sandboxes.get(sandboxID)?.userMapping === undefined) return;
  throw runtimeError('ERR_CHECKPOINT_USERNS', `container ${name} is in a pod with users of its own`);
}

/**
 * Captures `targets` at one instant; all run again when this returns or throws, but for those that are to end with it:
 * they stand still until they are ended or the answer is disposed. Throws ERR_CHECKPOINT_DUMP with CRIU's reason, or the
 * reason of `signal`; ERR_CHECKPOINT_USERNS; ERR_CHECKPOINT_PAUSE_BUDGET. `leaveRunning`, `rootfs` and `budget` go before what a
 * container's annotations say of them.
 */
export async function captureAll(
  context: NodeContext,
  targets: readonly CaptureTarget[],
  { signal, leaveRunning, rootfs, budget: asked }: CaptureOptions = {},
): Promise<Captures> {
  for (const { record } of targets) checkUsers(context, record);
  const startedAt = new Date();
  const drafts = targets.map((target) => ({
    ...target,
    choices: {
      ...choicesOf(context, target.record),
      ...(leaveRunning === undefined ? {} : { leaveRunning }),
      ...(rootfs === undefined ? {} : { rootfs }),
    },
    diff: { written: false, deleted: [] } satisfies RootfsDiff as RootfsDiff,
    cloned: false,
    startedAt,
    pause: { truePause: 0, dump: 0, rootfsDiff: 0 },
    expected: undefined as Capture['expected'],
  }));
  for (const { record, work, choices } of drafts) {
    await mkdir(join(work, 'checkpoint'), { mode: 0o700 });
    // CRIU reads it anew: what the evidence says of the options is what this dump was made with.
    await writeCriuConfig(containerFolders(context, record.id).criuConfig, choices.criu);
  }
  await using clones = new UndoStack({ deadline: 60_000 });
  const places = new Map<Capture, ClonePlace>();
  for (const draft of drafts) {
    if (draft.choices.rootfs !== 'frozen') continue;
    const place = await openClonePlace(containerFolders(context, draft.record.id).clone);
    if (!place) continue;
    clones.push(place.path, () => place[Symbol.asyncDispose]());
    places.set(draft, place);
  }
  const budget = asked ?? strictest(drafts.map(({ choices }) => choices.budget));
  if (budget) {
    const packed = drafts.filter((draft) => draft.choices.rootfs === 'frozen' && !places.has(draft));
    const estimate = await estimateFor(context, drafts, packed);
    demandWithin(budget, estimate);
    for (const draft of drafts) draft.expected = { ...budget, ...estimate };
  }
  await using still = new UndoStack({ deadline: 60_000 });
  const clock = process.hrtime.bigint();
  {
    await using thawing = new UndoStack({ deadline: 60_000 });
    using watch = watchPause(budget, signal);
    // None of them is frozen before the first is captured, nor after it.
    for (const { record, choices } of drafts) {
      const name = `freeze of ${record.id}`;
      if (choices.leaveRunning) thawing.push(name, () => thaw(context, record));
      else still.push(name, () => resumeFrozen(context, record.id));
      await context.oci.pause(record.id);
    }
    context.onStep('checkpoint-frozen');
    for (const draft of drafts) {
      watch.signal?.throwIfAborted();
      await dumpWithFiles(context, draft, places.get(draft), watch.signal);
      if (draft.choices.rootfs === 'frozen') await takeLog(context, draft);
      context.onStep('checkpoint-files-taken');
    }
  }
  const truePause = microseconds(clock);
  context.onStep('checkpoint-thawed');
  for (const draft of drafts) {
    draft.pause.truePause = truePause;
    const clone = draft.cloned ? places.get(draft) : undefined;
    if (clone) await takeChanges(context, draft, clone.path, signal);
    if (draft.choices.rootfs === 'live') await takeFiles(context, draft, signal);
  }
  const held = still.move();
  return { all: drafts, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

function estimateFor(
  context: NodeContext,
  all: readonly CaptureTarget[],
  packed: readonly CaptureTarget[],
): Promise<PauseEstimate> {
  const records = all.map(({ record }) => record);
  const work = all[0]?.work ?? '';
  return estimatePause(
    context,
    records,
    packed.map(({ record }) => record),
    work,
  );
}

/** One that has ended meanwhile has nothing to thaw. */
async function resumeFrozen(context: NodeContext, id: string): Promise<void> {
  if ((await context.oci.state(id))?.status === 'paused') await context.oci.resume(id);
}

/**
 * What changed in the files, then the dump, for which CRIU makes and removes folders in the container's /tmp. Where it names
 * deleted files anew in their folders, too, the files come after it.
 */
async function dumpWithFiles(
  context: NodeContext,
  capture: Capture,
  place: ClonePlace | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { rootfs, criu } = capture.choices;
  if (rootfs === 'frozen' && !criu.linkRemap) await takeFrozen(context, capture, place, signal);
  await dump(context, capture, signal);
  if (rootfs === 'frozen' && criu.linkRemap) await takeFrozen(context, capture, place, signal);
}

async function dump(
  context: NodeContext,
  { record, work, choices, pause }: Capture,
  signal: AbortSignal | undefined,
): Promise<void> {
  const from = process.hrtime.bigint();
  const dumping = context.oci.checkpoint(record.id, {
    imagePath: join(work, 'checkpoint'),
    workPath: work,
    // Also of one that is to end: as long as its archive is not complete, it must be able to go on.
    leaveRunning: true,
    options: ociFlags(choices.criu),
    signal,
  });
  context.onStep('checkpoint-dump-begun');
  await dumping;
  context.onStep('checkpoint-dumped');
  pause.dump = microseconds(from);
}

/** In the freeze: what changed is cloned where that can be, and packed later; otherwise it is packed now. And the pod's shared memory. */
async function takeFrozen(
  context: NodeContext,
  capture: Capture,
  place: ClonePlace | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const from = process.hrtime.bigint();
  if (place) {
    try {
      await cloneFolder(containerFolders(context, capture.record.id).upper, place.path, { signal });
      capture.cloned = true;
    } catch (error) {
      signal?.throwIfAborted();
      // The disk is full, or a file is on another filesystem: packing may still succeed.
      const reason = messageOf(error);
      context.logger.log('warn', 'changes could not be cloned', { containerID: capture.record.id, reason });
    }
  }
  if (!capture.cloned) await takeChanges(context, capture, containerFolders(context, capture.record.id).upper, signal);
  await takeSharedMemory(context, capture, signal);
  capture.pause.rootfsDiff = microseconds(from);
}

/** The filesystem's changes, the pod's shared memory and the log, while the container runs. */
async function takeFiles(context: NodeContext, capture: Capture, signal: AbortSignal | undefined): Promise<void> {
  const from = process.hrtime.bigint();
  await takeChanges(context, capture, containerFolders(context, capture.record.id).upper, signal);
  await takeSharedMemory(context, capture, signal);
  await takeLog(context, capture);
  capture.pause.rootfsDiff = microseconds(from);
}

/** Packs the filesystem's changes from `upper`, the container's own folder or a clone of it. */
async function takeChanges(
  context: NodeContext,
  capture: Capture,
  upper: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { record, work } = capture;
  const layers = context.images.find(record.image.id)?.layers ?? [];
  const bound = [...record.mounts, ...(record.pluginMounts ?? [])];
  const mounts = new Set([...bound.map((mount) => mount.containerPath), ...NODE_FILES]);
  const tar = join(work, 'rootfs-diff.tar');
  const changing = capture.choices.rootfs === 'live';
  capture.diff = await writeRootfsDiff(upper, context.images.layersFolder, layers, tar, mounts, { signal, changing });
}

async function takeLog(context: NodeContext, { record, work }: CaptureTarget): Promise<void> {
  await copyFile(record.logPath, join(work, 'container.log')).catch((error) => {
    // A log that was never written, or rotated away, is no reason to lose the capture.
    context.logger.log('warn', 'log not captured', { containerID: record.id, reason: messageOf(error) });
  });
}

/** /dev/shm of the pod comes from outside for CRIU, which therefore leaves out what it holds; the host's is left alone. */
async function takeSharedMemory(
  context: NodeContext,
  { record, work }: CaptureTarget,
  signal: AbortSignal | undefined,
): Promise<void> {
  const spec = JSON.parse(await readFile(containerFolders(context, record.id).spec, 'utf8')) as {
    mounts?: SpecMount[];
  };
  const mount = spec.mounts?.find(({ destination, type }) => destination === '/dev/shm' && type === 'bind');
  if (mount?.source !== join(context.folders.sandboxes, record.sandboxID, 'shm')) return;
  // Another container of the pod may be writing there, frozen as this one may be.
  const source = { path: join(work, SHARED_MEMORY), folder: mount.source, args: ['.'], changing: true };
  await createTar(source, { signal });
}

const microseconds = (from: bigint) => Number((process.hrtime.bigint() - from) / 1000n);
