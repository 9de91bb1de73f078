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
import { demand } from '../process/run.ts';
import { type RootfsDiff, writeRootfsDiff } from '../rootfs/diff.ts';
import { NODE_FILES } from '../sandbox/pod-mounts.ts';
import type { ContainerRecord } from '../store/records.ts';
import { type CaptureChoices, choicesOf } from './choices.ts';
import { ociFlags } from './criu-options.ts';

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
  startedAt: Date;
  /** Microseconds; `truePause` is that of all containers of one freeze, `rootfsDiff` counts for it only where frozen. */
  pause: { truePause: number; dump: number; rootfsDiff: number };
}

/** Name of the entry that podman, too, keeps shared memory of the pod in. */
export const SHARED_MEMORY = 'devshm-checkpoint.tar';

/**
 * Captures `targets` at one instant; all run again when this returns or throws, but for those that are to end with it.
 * Throws ERR_CHECKPOINT_DUMP with CRIU's reason. `signal` is heeded between dumps: a CRIU that is killed in its work
 * leaves damaged processes. `leaveRunning` goes before what a container's annotations say of that.
 */
export async function captureAll(
  context: NodeContext,
  targets: readonly CaptureTarget[],
  { signal, leaveRunning }: { signal?: AbortSignal | undefined; leaveRunning?: boolean } = {},
): Promise<Capture[]> {
  const startedAt = new Date();
  const clock = process.hrtime.bigint();
  const drafts = targets.map((target) => ({
    ...target,
    choices: { ...choicesOf(context, target.record), ...(leaveRunning === undefined ? {} : { leaveRunning }) },
    diff: { written: false, deleted: [] } satisfies RootfsDiff as RootfsDiff,
    startedAt,
    pause: { truePause: 0, dump: 0, rootfsDiff: 0 },
  }));
  for (const { work } of drafts) await mkdir(join(work, 'checkpoint'), { mode: 0o700 });
  await freeze(context, drafts, async () => {
    for (const draft of drafts) {
      signal?.throwIfAborted();
      await dump(context, draft);
      if (draft.choices.rootfs === 'frozen') await takeFiles(context, draft);
    }
  });
  const truePause = microseconds(clock);
  for (const draft of drafts) {
    draft.pause.truePause = truePause;
    if (draft.choices.rootfs === 'live') await takeFiles(context, draft);
  }
  return drafts;
}

/** Runs `work` while all are frozen; none of them is before the first is captured, nor after it. */
async function freeze(context: NodeContext, drafts: readonly Capture[], work: () => Promise<void>): Promise<void> {
  await using thaw = new UndoStack({ deadline: 60_000 });
  for (const { record, choices } of drafts) {
    thaw.push(`freeze of ${record.id}`, async () => {
      // One that ended with its dump is known to the OCI runtime no more.
      const known = choices.leaveRunning || (await context.oci.state(record.id))?.status === 'paused';
      if (known) await context.oci.resume(record.id);
    });
    await context.oci.pause(record.id);
  }
  await work();
}

async function dump(context: NodeContext, { record, work, choices, pause }: Capture): Promise<void> {
  const from = process.hrtime.bigint();
  await context.oci.checkpoint(record.id, {
    imagePath: join(work, 'checkpoint'),
    workPath: work,
    leaveRunning: choices.leaveRunning,
    options: ociFlags(choices.criu),
  });
  pause.dump = microseconds(from);
}

/** The filesystem's changes, the pod's shared memory and the log. */
async function takeFiles(context: NodeContext, capture: Capture): Promise<void> {
  const from = process.hrtime.bigint();
  const { record, work } = capture;
  const folders = containerFolders(context, record.id);
  const layers = context.images.find(record.image.id)?.layers ?? [];
  const mounts = new Set([...record.mounts.map((mount) => mount.containerPath), ...NODE_FILES]);
  const tar = join(work, 'rootfs-diff.tar');
  capture.diff = await writeRootfsDiff(folders.upper, context.images.layersFolder, layers, tar, mounts);
  await takeSharedMemory(context, capture);
  await copyFile(record.logPath, join(work, 'container.log')).catch((error) => {
    // A log that was never written, or rotated away, is no reason to lose the capture.
    context.logger.log('warn', 'log not captured', { containerID: record.id, reason: messageOf(error) });
  });
  capture.pause.rootfsDiff = microseconds(from);
}

/** /dev/shm of the pod comes from outside for CRIU, which therefore leaves out what it holds; the host's is left alone. */
async function takeSharedMemory(context: NodeContext, { record, work }: CaptureTarget): Promise<void> {
  const spec = JSON.parse(await readFile(containerFolders(context, record.id).spec, 'utf8')) as {
    mounts?: SpecMount[];
  };
  const mount = spec.mounts?.find(({ destination, type }) => destination === '/dev/shm' && type === 'bind');
  if (mount?.source !== join(context.folders.sandboxes, record.sandboxID, 'shm')) return;
  const argv = ['tar', '--create', '--file', join(work, SHARED_MEMORY), '--directory', mount.source];
  await demand([...argv, '--numeric-owner', '--sparse', '--format=pax', '.'], { timeout: 24 * 3600_000 });
}

const microseconds = (from: bigint) => Number((process.hrtime.bigint() - from) / 1000n);
