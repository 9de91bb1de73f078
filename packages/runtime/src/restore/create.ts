/** CreateContainer from a checkpoint: checks, base image, root filesystem with its changes, CRIU images laid ready. */
import { copyFile, mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import { harmless, streamOf, UndoStack } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { rfc3339 } from '../clock.ts';
import { newRecord, prepareRootfs, stopSignalOf, writeBundle } from '../container/create.ts';
import { containerFolders } from '../container/folders.ts';
import { mountImageVolumes } from '../container/image-volumes.ts';
import type { ContainerRequest } from '../container/request.ts';
import type { SpecFacts } from '../container/spec.ts';
import { maskedPathsOf } from '../container/spec-security.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { ImageRecord, PullOptions } from '../image/image-store.ts';
import { applyRootfsDiff } from '../rootfs/apply-diff.ts';
import type { ContainerRecord, SandboxRecord } from '../store/records.ts';
import { bindDestinations, maskingRuntime } from './adapt-spec.ts';
import { type Alterations, alterationsOf } from './alterations.ts';
import { baseImage } from './base-image.ts';
import { layBindSources } from './bind-sources.ts';
import { readDumpFacts } from './dump-facts.ts';
import { environmentDifference } from './environment.ts';
import { extractImages, writeSource } from './extract.ts';
import { fitCopy, fitRequest, marked } from './fit-request.ts';
import { fitSpec } from './fit-spec.ts';
import { fitFolderModes } from './folder-modes.ts';
import { criLines } from './log-lines.ts';
import { checkMasks, checkMounts, checkNamespaces, checkUsers } from './policy.ts';
import { demandRoom } from './room.ts';
import { scrubText } from './scrub.ts';
import { scrubLayer } from './service-account.ts';
import { laySharedMemory } from './shared-memory.ts';
import { openSource } from './source.ts';
import { planVolumes } from './volumes.ts';

/** Creates a container that StartContainer will restore; from then on the archive is not needed any more. */
export async function createFromCheckpoint(
  context: NodeContext,
  sandbox: SandboxRecord,
  asked: ContainerRequest,
  archivePath: string,
  pull: PullOptions,
): Promise<ContainerRecord> {
  const wishes = alterationsOf(asked.annotations);
  checkUsers(asked.image, sandbox);
  await using checkpoint = await openSource(archivePath);
  const { metadata } = checkpoint;
  if (!checkpoint.archive.has('checkpoint/inventory.img')) {
    throw runtimeError('ERR_RESTORE_ARCHIVE', `${asked.image} holds no complete CRIU image set`);
  }
  const facts = await readDumpFacts(checkpoint, pull);
  const masked = maskedPathsOf(asked.security);
  const dumped = bindDestinations(facts, masked);
  const { request, notes } = await fitRequest(context, sandbox, asked, checkpoint, wishes, dumped);
  checkMounts(request.image, dumped, metadata, request.mounts);
  checkNamespaces(request.image, facts);
  const { name } = context.oci.named(sandbox.runtimeHandler);
  checkMasks(request.image, maskingRuntime(facts, masked), name);
  const layVolumes = await planVolumes(checkpoint, request.mounts, request.annotations);
  const { ignored } = await environmentDifference(checkpoint, request.env, pull);
  const base = await baseImage(context.images, metadata, pull);
  await using undo = new UndoStack();
  const record = restoredRecord(context, sandbox, request, base, checkpoint, ignored);
  let scrubbed = 0;
  await prepareRootfs(context, sandbox, record.id, base, undo, async (upper) => {
    await fillUpper(context, checkpoint, base, upper);
    if (wishes.scrubTokens) scrubbed = await scrubLayer(upper);
  });
  context.onStep('restore-rootfs');
  const folders = containerFolders(context, record.id);
  await mkdir(folders.images, { mode: 0o700 });
  await extractImages(checkpoint, folders.images, pull);
  context.onStep('restore-images');
  // A terminal is part of the dumped processes: it is there exactly where it was.
  const terminal = checkpoint.spec?.process?.terminal ?? false;
  const what = await processOf(checkpoint, wishes);
  const mounts = await mountImageVolumes(context, sandbox, record.id, request.mounts, undo);
  await layBindSources(checkpoint.documents.bindMounts, mounts, undo);
  const written = await writeBundle(
    context,
    sandbox,
    { ...record, mounts },
    { ...request, mounts, terminal },
    what,
    dumped,
  );
  await fitFolderModes(checkpoint, folders.rootfs, pull);
  await fitSpec(context, sandbox, record.id, facts);
  const fitted = await fitCopy(context, sandbox, checkpoint, record.id, { ...wishes, mounts }, pull);
  await layVolumes(folders.folder);
  await laySharedMemory(checkpoint, folders);
  await layLog(checkpoint, record.logPath);
  context.onStep('restore-bundle');
  const stdin = request.stdin || terminal || (await hadStdin(folders.images));
  const stopSignal = stopSignalOf(request, (await context.images.config(base)).config?.StopSignal);
  const clamped = [...(written.clamped ?? []), ...notes, ...fitted.clamped];
  for (const text of [...notes, ...fitted.clamped]) {
    context.logger.log('warn', 'restored otherwise than dumped', { containerID: record.id, text });
  }
  const altered = [...fitted.altered, ...(scrubbed > 0 ? [`${scrubbed} service-account file(s) overwritten`] : [])];
  const created = await context.containers.put({
    ...marked(written, checkpoint, altered),
    ...{ ...stopSignal, terminal, stdin },
    ...(clamped.length > 0 ? { clamped } : {}),
  });
  undo.keep();
  context.onStep('restore-created');
  return created;
}

/**
 * What runs comes from memory: nothing of this is executed, and the request's command and environment change nothing. It
 * is kept so that a checkpoint of the copy tells the same story as one of the original.
 */
async function processOf(
  { spec }: Checkpoint,
  { environment, scrubTokens }: Alterations,
): Promise<Pick<SpecFacts, 'args' | 'env' | 'cwd' | 'user'>> {
  const { args = [], env = [], cwd = '/', uid = 0, gid = 0 } = spec?.process ?? {};
  const changed = env.map((text) => {
    const name = text.slice(0, Math.max(0, text.indexOf('=')));
    const value = environment.get(name);
    return value === undefined ? text : `${name}=${value}`;
  });
  const told = scrubTokens ? await Promise.all(changed.map(scrubText)) : changed;
  return { args: args.length > 0 ? args : ['restored'], env: told, cwd, user: { uid, gid } };
}

function restoredRecord(
  context: NodeContext,
  sandbox: SandboxRecord,
  request: ContainerRequest,
  base: ImageRecord,
  { metadata }: Checkpoint,
  ignored: readonly string[],
): ContainerRecord {
  const record = newRecord(context, sandbox, request, base);
  const names = ignored.map((name) => harmless(name));
  if (names.length > 0) {
    const text = 'environment of the request is not that of the memory and has no effect';
    context.logger.log('warn', text, { containerID: record.id, names });
  }
  return {
    ...record,
    image: { ...record.image, requested: metadata.image.requested ?? record.image.name },
    restore: {
      requested: request.image,
      engine: metadata.engine ?? 'unknown',
      checkpointedAt: metadata.checkpointed ?? rfc3339('0'),
      sourceContainerID: metadata.container.id ?? '',
      ...(names.length > 0 ? { ignoredEnvironment: names } : {}),
    },
  };
}

async function fillUpper(
  context: NodeContext,
  checkpoint: Checkpoint,
  base: ImageRecord,
  upper: string,
): Promise<void> {
  const deleted = checkpoint.documents.deletedFiles;
  if (!checkpoint.archive.has('rootfs-diff.tar')) {
    await applyRootfsDiff(upper, context.images.layersFolder, base.layers, { deleted });
    return;
  }
  await demandRoom(checkpoint, dirname(upper));
  await using work = await openTemporaryFolder(dirname(upper), 'diff');
  const tarPath = join(work.path, 'rootfs-diff.tar');
  await writeSource(checkpoint.archive.open('rootfs-diff.tar'), tarPath);
  const found = await applyRootfsDiff(upper, context.images.layersFolder, base.layers, { tarPath, deleted });
  for (const diagnostic of found) context.logger.log('warn', diagnostic.message, { source: diagnostic.source });
}

/** Whether standard input of the dump was a pipe: then CRIU needs a pipe to put in its place. */
async function hadStdin(images: string): Promise<boolean> {
  try {
    const [stdin] = JSON.parse(await readFile(join(images, 'descriptors.json'), 'utf8')) as unknown[];
    return typeof stdin === 'string' && stdin.startsWith('pipe:');
  } catch {
    // An engine that writes none, or not as an array, gave no standard input worth keeping.
    return false;
  }
}

/** The log goes on where the checkpoint's left off, as with CRI-O and containerd. */
async function layLog(checkpoint: Checkpoint, path: string): Promise<void> {
  const name = checkpoint.metadata.logEntry;
  if (name === undefined || !checkpoint.archive.has(name)) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  if (await stat(path).catch(() => undefined)) await copyFile(path, `${path}.before-restore`);
  await using target = await open(path, 'w', 0o640);
  const at = checkpoint.metadata.checkpointed ?? rfc3339('0');
  for await (const lines of criLines(streamOf(checkpoint.archive.open(name)), at)) await target.writeFile(lines);
}
