/** From a work folder with CRIU's images to a finished, hashed and synced archive. The container runs meanwhile. */
import { open, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BindMount,
  encodeBindMounts,
  encodeConfigDump,
  encodeDeletedFiles,
  encodeSpecDump,
  encodeStatus,
  encodeStatusDump,
  encodeWhiteouts,
  planArchive,
  type SourceFacts,
  type WriterEntry,
  writePlanned,
} from '@stillframe/checkpoint';
import type { Digest, ReadOptions } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { type CaptureEvidence, type Measured, measure } from '@stillframe/evidence';
import { rfc3339 } from '../clock.ts';
import { containerFolders } from '../container/folders.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { demand } from '../process/run.ts';
import { sandboxOf } from '../sandbox/sandbox.ts';
import type { ContainerRecord, SandboxRecord } from '../store/records.ts';
import { type Capture, SHARED_MEMORY } from './capture.ts';
import { readSpec } from './checkpoint.ts';
import { insertFront } from './insert-range.ts';

export interface PackedArchive {
  path: string;
  digest: Digest;
  size: number;
  contents: NonNullable<CaptureEvidence['contents']>;
  facts: Pick<CaptureEvidence, 'container' | 'versions' | 'options' | 'notCaptured' | 'altered'>;
}

/** Packs `capture` into `target`, a path in the same work folder, consuming the image set. */
export async function packArchive(
  context: NodeContext,
  record: ContainerRecord,
  capture: Capture,
  target: string,
  options: ReadOptions,
): Promise<PackedArchive> {
  const sandbox = sandboxOf(context, record.sandboxID);
  const facts = sourceFacts(context, record, sandbox, capture);
  const binds = await bindMountsOf(record);
  const spec = await readSpec(containerFolders(context, record.id).spec);
  const entries: WriterEntry[] = [
    memory('config.dump', encodeConfigDump(facts)),
    memory('spec.dump', encodeSpecDump(spec, facts)),
    ...memoryIfAny('bind.mounts', encodeBindMounts(binds)),
    ...memoryIfAny('deleted.files', encodeDeletedFiles(capture.diff.deleted)),
    ...(await fileIfAny('stats-dump', join(capture.work, 'stats-dump'))),
    ...(await imageSet(join(capture.work, 'checkpoint'))),
    ...(await fileIfAny('dump.log', join(capture.work, 'dump.log'))),
    ...(await diffEntry(capture)),
    ...(await fileIfAny(SHARED_MEMORY, join(capture.work, SHARED_MEMORY))),
    ...(await fileIfAny('io.kubernetes.cri-o.LogPath', join(capture.work, 'container.log'))),
  ];
  if (facts.target === 'containerd') {
    entries.push(memory('status.dump', encodeStatusDump(facts)), memory('status', encodeStatus(facts)));
    entries.push(...(await fileIfAny('container.log', join(capture.work, 'container.log'))));
  }
  const mtime = Math.floor(capture.startedAt.getTime() / 1000);
  const { digest, size, entries: measured, memory: pages } = await writeMeasured(target, entries, mtime, options);
  const oci = context.oci.of(record.id);
  return {
    path: target,
    digest,
    size,
    contents: { entries: measured, memory: pages },
    facts: {
      container: {
        id: record.id,
        name: record.name,
        podName: facts.podName,
        kubeNamespace: facts.kubeNamespace,
        image: record.image.requested,
        imageID: record.image.id,
      },
      versions: {
        stillframe: context.version,
        ociRuntime: `${oci.name} ${oci.version}`,
        criu: context.criuVersion,
      },
      options: {
        ...capture.choices.criu,
        leaveRunning: capture.choices.leaveRunning,
        rootfsDiff: facts.rootfsDiff,
        ...(capture.cloned ? { rootfsClone: true } : {}),
        target: capture.choices.target,
      },
      notCaptured: boundPaths(spec).map((path) => `content of the bind mount ${path}`),
      ...(record.restore?.altered ? { altered: record.restore.altered } : {}),
    },
  };
}

/** The diff; for containerd with the deletions in it, which it knows as whiteouts alone. */
async function diffEntry({ work, diff, choices, startedAt }: Capture): Promise<WriterEntry[]> {
  const path = join(work, 'rootfs-diff.tar');
  if (choices.target === 'containerd' && diff.deleted.length > 0) {
    const whiteouts = encodeWhiteouts(diff.deleted, Math.floor(startedAt.getTime() / 1000));
    if (!diff.written) return [memory('rootfs-diff.tar', whiteouts)];
    const added = join(work, 'whiteouts.tar');
    await writeFile(added, whiteouts, { mode: 0o600 });
    await demand(['tar', '--concatenate', '--file', path, added], { timeout: 24 * 3600_000 });
  }
  return diff.written ? [file('rootfs-diff.tar', path)] : [];
}

/** CRIU's images, small ones first: a reader then finds all metadata in the archive's first pages. */
async function imageSet(folder: string): Promise<WriterEntry[]> {
  const names = await readdir(folder);
  if (!names.includes('inventory.img')) {
    throw runtimeError('ERR_CHECKPOINT_DUMP', 'CRIU reported success and wrote no inventory.img');
  }
  const sized = await Promise.all(names.map(async (name) => ({ name, size: (await stat(join(folder, name))).size })));
  sized.sort((a, b) => a.size - b.size || (a.name < b.name ? -1 : 1));
  const folderEntry: WriterEntry = { name: 'checkpoint/', mode: 0o700, body: undefined };
  return [folderEntry, ...sized.map(({ name }) => file(`checkpoint/${name}`, join(folder, name)))];
}

/**
 * Writes, hashes and syncs. What becomes the archive is hashed before: inserting takes it out of the system's memory. The disk
 * gets it meanwhile.
 */
async function writeMeasured(
  target: string,
  entries: readonly WriterEntry[],
  mtime: number,
  { signal }: ReadOptions,
): Promise<Measured> {
  const plan = await planArchive(entries, { mtime, adopts: true });
  const options = { signal, threads: true };
  if (!plan.adoptable) {
    await writePlanned(target, plan, { signal });
    await using written = await openFileSource(target);
    const measured = await measure(written, plan.ranges, options);
    await syncFile(target);
    return measured;
  }
  const synced = syncFile(plan.adoptable.path);
  // Its failure is told below.
  synced.catch(() => undefined);
  const measured = await measure(plan.source, plan.ranges, options).finally(() => synced);
  await writePlanned(target, plan, { insertFront, signal });
  await syncFile(target);
  return measured;
}

async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.sync();
}

function sourceFacts(
  context: NodeContext,
  record: ContainerRecord,
  sandbox: SandboxRecord,
  capture: Capture,
): SourceFacts {
  return {
    containerID: record.id,
    containerName: record.name,
    attempt: record.attempt,
    podName: sandbox.identity.name,
    kubeNamespace: sandbox.identity.kubeNamespace,
    podUid: sandbox.identity.uid,
    sandboxID: sandbox.id,
    image: record.image,
    ociRuntime: context.oci.of(record.id).name,
    createdAt: rfc3339(record.createdAt),
    checkpointedAt: capture.startedAt.toISOString(),
    restored: record.restore !== undefined,
    labels: record.labels,
    annotations: record.annotations,
    logPath: record.logPath,
    engineVersion: context.version,
    criuVersion: context.criuVersion,
    truePause: capture.pause.truePause,
    rootfsDiff: capture.choices.rootfs,
    target: capture.choices.target,
    ...(record.startedAt === undefined ? {} : { startedAt: rfc3339(record.startedAt) }),
  };
}

/** Destinations of the request's bind mounts and of the node's own: CRIU leaves out what they hold. */
function boundPaths(spec: Record<string, unknown>): string[] {
  const mounts = (spec['mounts'] ?? []) as { type?: string; destination?: string }[];
  return mounts.flatMap(({ type, destination }) => (type === 'bind' && destination ? [destination] : []));
}

async function bindMountsOf(record: ContainerRecord): Promise<BindMount[]> {
  return Promise.all(
    [...record.mounts, ...(record.pluginMounts ?? [])].map(async (mount) => {
      const found = await stat(mount.hostPath);
      return {
        source: mount.hostPath,
        destination: mount.containerPath,
        fileType: found.isDirectory() ? 'directory' : 'file',
        permissions: found.mode & 0o777,
      };
    }),
  );
}

function memory(name: string, body: Uint8Array): WriterEntry {
  return { name, mode: 0o600, body };
}

function memoryIfAny(name: string, body: Uint8Array | undefined): WriterEntry[] {
  return body ? [memory(name, body)] : [];
}

function file(name: string, path: string): WriterEntry {
  return { name, mode: 0o600, body: { path } };
}

async function fileIfAny(name: string, path: string): Promise<WriterEntry[]> {
  return (await stat(path).catch(() => undefined)) ? [file(name, path)] : [];
}
