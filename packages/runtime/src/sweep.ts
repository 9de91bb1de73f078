/** At start: what a killed node left is put right. Containers that run are kept, whatever was half done is undone. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@stillframe/core';
import { TEMPORARY_PREFIX } from '@stillframe/core/file';
import { containerFolders } from './container/folders.ts';
import type { NodeContext } from './context.ts';
import { sweepExecs } from './exec/sweep.ts';
import { run } from './process/run.ts';
import { removeRootfsFolders, unmount } from './rootfs/overlay.ts';
import { sweepSandboxes } from './sandbox/sweep.ts';

/** Milliseconds that an orphaned dump may take to end: a CRIU killed in its work would damage the container. */
const ORPHAN_DUMP = 600_000;

export async function sweep(context: NodeContext): Promise<void> {
  for (const operation of context.journal.list()) {
    await attempt(context, `thaw ${operation.containerID}`, async () => {
      await orphanEnds(operation.workFolder);
      const state = await context.oci.state(operation.containerID);
      if (state?.status === 'paused') await context.oci.resume(operation.containerID);
      await rm(operation.workFolder, { recursive: true, force: true });
      await context.journal.end(operation.id);
    });
  }
  await sweepContainers(context);
  await sweepRestores(context);
  await attempt(context, 'execs', () => sweepExecs(context));
  await sweepSandboxes(context, (what, work) => attempt(context, what, work));
  await sweepTemporary(context);
}

/** Bundles and filesystems without a record: a create that never finished. */
async function sweepContainers(context: NodeContext): Promise<void> {
  const ids = new Set([...(await names(context.folders.bundles)), ...(await names(context.folders.containers))]);
  for (const id of ids) {
    if (context.containers.get(id)) continue;
    await attempt(context, `remove container ${id}`, async () => {
      const folders = containerFolders(context, id);
      await context.oci.delete(id);
      await unmount(folders.rootfs);
      await rm(folders.bundle, { recursive: true, force: true });
      await removeRootfsFolders(folders.folder);
      await rm(join(context.folders.exits, id), { force: true });
    });
  }
}

/**
 * A restore that the node did not live to see the end of: the process may run, perhaps without its monitor, and nobody
 * was told that it started. It is ended; the container is as it was created and can be started again.
 */
async function sweepRestores(context: NodeContext): Promise<void> {
  for (const record of context.containers.list()) {
    if (!record.restore || record.startedAt !== undefined || record.startError !== undefined) continue;
    await attempt(context, `end half restored ${record.id}`, async () => {
      await orphanEnds(containerFolders(context, record.id).images);
      if (await context.oci.state(record.id)) await context.oci.delete(record.id);
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

async function orphanEnds(folder: string): Promise<void> {
  for (const deadline = Date.now() + ORPHAN_DUMP; Date.now() < deadline; ) {
    // So the OCI runtime was told; it lives as long as CRIU works. The monitor names the folder otherwise.
    const { code } = await run(['pgrep', '--full', '--', `--image-path ${folder}`], { timeout: 10_000 });
    if (code !== 0) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function attempt(context: NodeContext, what: string, work: () => Promise<void>): Promise<void> {
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
