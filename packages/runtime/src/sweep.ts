/** At start: what a killed node left is put right. Containers that run are kept, whatever was half done is undone. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@stillframe/core';
import { TEMPORARY_PREFIX } from '@stillframe/core/file';
import { completePublication } from './checkpoint/publication.ts';
import { containerFolders } from './container/folders.ts';
import { endMonitors, imagesSettle } from './container/leftovers.ts';
import { removeRemains } from './container/remains.ts';
import { sweepStarts } from './container/sweep.ts';
import type { NodeContext } from './context.ts';
import { sweepExecs } from './exec/sweep.ts';
import { removeCgroupTree } from './sandbox/cgroups.ts';
import { removeSandbox } from './sandbox/sandbox.ts';
import { sweepSandboxes } from './sandbox/sweep.ts';
import type { CheckpointOperation } from './store/operation-journal.ts';

/** Does one piece of the sweep; a failure is logged and hinders none of the others. */
export type Attempt = (what: string, work: () => Promise<void>) => Promise<void>;

export async function sweep(context: NodeContext): Promise<void> {
  const attempt: Attempt = (what, work) => attemptIn(context, what, work);
  const operations = context.journal.list();
  for (const operation of operations) {
    if (operation.kind === 'checkpoint')
      await attempt(`checkpoint of ${operation.containerIDs.join(', ')}`, () => sweepCheckpoint(context, operation));
  }
  await sweepContainers(context, attempt);
  await sweepStarts(context, attempt);
  await attempt('execs', () => sweepExecs(context));
  for (const operation of operations) {
    if (operation.kind !== 'restore-pod') continue;
    await attempt(`half restored pod ${operation.sandboxID}`, async () => {
      await removeSandbox(context, operation.sandboxID);
      await context.journal.end(operation.id);
    });
  }
  await sweepSandboxes(context, attempt);
  await sweepTemporary(context);
}

/** Completed where everything was finished and only names were missing; undone otherwise. All run on. */
async function sweepCheckpoint(context: NodeContext, operation: CheckpointOperation): Promise<void> {
  const { containerIDs, workFolder, publication } = operation;
  await imagesSettle(workFolder);
  // A container that ends with its checkpoint may be in the dump that ends it.
  if (publication?.ending.length) await imagesSettle(context.folders.checkpoints);
  try {
    if (publication) await completePublication(context, publication);
  } finally {
    for (const id of containerIDs) {
      if ((await context.oci.state(id))?.status === 'paused') await context.oci.resume(id);
      await rm(containerFolders(context, id).clone, { recursive: true, force: true });
    }
    await rm(workFolder, { recursive: true, force: true });
    await context.journal.end(operation.id);
  }
}

/** Bundles, filesystems and monitors' files without a record: a create that never finished. */
async function sweepContainers(context: NodeContext, attempt: Attempt): Promise<void> {
  const { bundles, containers, attach, exits } = context.folders;
  const ids = new Set((await Promise.all([bundles, containers, attach, exits].map(names))).flat());
  for (const id of ids) {
    if (context.containers.get(id)) continue;
    await attempt(`remove container ${id}`, async () => {
      await endMonitors(containerFolders(context, id).bundle);
      await context.oci.delete(id);
      await removeCgroupTree(join(context.cgroupParent, id));
      await removeRemains(context, id);
    });
  }
}

async function sweepTemporary(context: NodeContext): Promise<void> {
  for (const folder of [context.images.layersFolder, context.folders.checkpoints]) {
    for (const name of await names(folder)) {
      if (name.startsWith(TEMPORARY_PREFIX) || name.startsWith(RESERVATION))
        await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Marks of names for captures that a killed node had under way; the folder is this node's alone. */
const RESERVATION = '.reserved-';

async function attemptIn(context: NodeContext, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    context.logger.log('info', 'swept', { what });
  } catch (error) {
    context.logger.log('error', 'could not sweep', { what, reason: messageOf(error) });
  }
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
