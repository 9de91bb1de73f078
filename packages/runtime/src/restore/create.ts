/** CreateContainer from a checkpoint: checks, base image, root filesystem with its changes, CRIU images laid ready. */
import { mkdir } from 'node:fs/promises';
import type { Checkpoint } from '@stillframe/checkpoint';
import { UndoStack } from '@stillframe/core';
import { Event } from '@stillframe/nri';
import { prepareRootfs, stopSignalOf, writeBundle } from '../container/create.ts';
import { containerFolders } from '../container/folders.ts';
import { mountImageVolumes } from '../container/image-volumes.ts';
import type { ContainerRequest } from '../container/request.ts';
import type { SpecFacts } from '../container/spec.ts';
import type { NodeContext } from '../context.ts';
import type { PullOptions } from '../image/image-store.ts';
import { tellNotCreated } from '../plugins/stopped.ts';
import { informPlugins } from '../plugins/tell.ts';
import type { ContainerRecord, SandboxRecord } from '../store/records.ts';
import { type Alterations, alterationsOf } from './alterations.ts';
import { layBindSources } from './bind-sources.ts';
import { extractImages } from './extract.ts';
import { demandRestorable, keptFaults, logFaults } from './faults.ts';
import type { FittedImages } from './fit-images.ts';
import { fitCopy, marked } from './fit-request.ts';
import { fitSpec } from './fit-spec.ts';
import { fitFolderModes } from './folder-modes.ts';
import { mountPages, unmountPages } from './in-place/mount-pages.ts';
import { fillUpper, hadStdin, layLog } from './lay-files.ts';
import { planRestore, type RestorePlan } from './plan.ts';
import { checkUsers } from './policy.ts';
import { scrubText } from './scrub.ts';
import { scrubLayer } from './service-account.ts';
import { laySharedMemory } from './shared-memory.ts';
import { openSource } from './source.ts';

/** What one restore works with until its container is recorded. */
interface Work {
  context: NodeContext;
  sandbox: SandboxRecord;
  checkpoint: Checkpoint;
  wishes: Alterations;
  plan: RestorePlan;
  pull: PullOptions;
  undo: UndoStack;
}

/** What was laid out, and what came of it. */
interface Laid {
  written: ContainerRecord;
  fitted: FittedImages;
  /** A terminal is part of the dumped processes: it is there exactly where it was. */
  terminal: boolean;
}

/**
 * Creates a container that StartContainer will restore; from then on the archive is not needed any more. What is wrong
 * with the archive is logged and kept with the container. Throws ERR_RESTORE_ARCHIVE for one that cannot be restored as
 * it was, ERR_RESTORE_REFUSED for one that may not be.
 */
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
  demandRestorable(asked.image, checkpoint);
  const plan = await planRestore(context, sandbox, asked, checkpoint, wishes, pull);
  await using undo = new UndoStack();
  const work: Work = { context, sandbox, checkpoint, wishes, plan, pull, undo };
  const files = await layFiles(work);
  // From the question to plugins until it is recorded, none of them joins.
  using _joining = await context.plugins.enter();
  undo.push('plugins', () => tellNotCreated(context, sandbox, plan.record));
  const laid = await layBundle(work);
  const altered = files.scrubbed > 0 ? [`${files.scrubbed} service-account file(s) overwritten`] : [];
  const record = await completeRecord(work, laid, altered);
  const faults = keptFaults([...checkpoint.diagnostics(), ...files.faults]);
  logFaults(context.logger, record.id, faults);
  const told = faults.length > 0 && record.restore ? { restore: { ...record.restore, diagnostics: faults } } : {};
  const created = await context.containers.put({ ...record, ...told });
  undo.keep();
  context.onStep('restore-created');
  await informPlugins(context, Event.POST_CREATE_CONTAINER, created);
  return created;
}

/** The root filesystem with the changes of the dump, and the images. */
async function layFiles({ context, sandbox, checkpoint, wishes, plan, pull, undo }: Work) {
  const { record, base } = plan;
  let scrubbed = 0;
  const faults: Awaited<ReturnType<typeof fillUpper>> = [];
  await prepareRootfs(context, sandbox, record.id, base, undo, async (upper) => {
    faults.push(...(await fillUpper(context, checkpoint, base, upper)));
    if (wishes.scrubTokens) scrubbed = await scrubLayer(upper);
  });
  context.onStep('restore-rootfs');
  const folders = containerFolders(context, record.id);
  await mkdir(folders.images, { mode: 0o700 });
  undo.push('pages in place', () => unmountPages(folders.images));
  const there = editsMemory(wishes) ? NONE : await mountPages(checkpoint, folders.images, context.logger);
  await extractImages(checkpoint, folders.images, there, pull);
  context.onStep('restore-images');
  return { scrubbed, faults };
}

const NONE: ReadonlySet<string> = new Set();

/** Whether pages are written to: then they must be the copy's own. */
function editsMemory({ environment, scrubTokens }: Alterations): boolean {
  return environment.size > 0 || scrubTokens;
}

/** The bundle, fitted to the dump, and all that the copy finds beside it. */
async function layBundle({ context, sandbox, checkpoint, wishes, plan, pull, undo }: Work): Promise<Laid> {
  const { record, request, dumped, facts } = plan;
  const folders = containerFolders(context, record.id);
  const terminal = checkpoint.spec?.process?.terminal ?? false;
  const what = await processOf(checkpoint, wishes);
  const mounts = await mountImageVolumes(context, sandbox, record.id, request.mounts, undo);
  await layBindSources(checkpoint.documents.bindMounts, mounts, undo);
  const complete = { ...request, mounts, terminal };
  const written = await writeBundle(context, sandbox, { ...record, mounts }, complete, what, dumped);
  await fitFolderModes(checkpoint, folders.rootfs, pull);
  await fitSpec(context, sandbox, record.id, facts);
  const fitted = await fitCopy(context, sandbox, checkpoint, record.id, { ...wishes, mounts }, pull);
  await plan.layVolumes(folders.folder);
  await laySharedMemory(checkpoint, folders);
  await layLog(checkpoint, record.logPath);
  context.onStep('restore-bundle');
  return { written, fitted, terminal };
}

/** The record with what was not restored as dumped, and what was changed on request. */
async function completeRecord(
  { context, checkpoint, plan }: Work,
  { written, fitted, terminal }: Laid,
  scrubbed: readonly string[],
): Promise<ContainerRecord> {
  const { record, request, base, notes } = plan;
  const stdin = request.stdin || terminal || (await hadStdin(containerFolders(context, record.id).images));
  const stopSignal = stopSignalOf(request, (await context.images.config(base)).config?.StopSignal);
  const clamped = [...(written.clamped ?? []), ...notes, ...fitted.clamped];
  for (const text of [...notes, ...fitted.clamped]) {
    context.logger.log('warn', 'restored otherwise than dumped', { containerID: record.id, text });
  }
  return {
    ...marked(written, checkpoint, [...fitted.altered, ...scrubbed]),
    ...{ ...stopSignal, terminal, stdin },
    ...(clamped.length > 0 ? { clamped } : {}),
  };
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
