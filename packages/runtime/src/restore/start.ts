/** StartContainer of a container that was created from a checkpoint: CRIU restores it here. */
import { rm } from 'node:fs/promises';
import { messageOf } from '@stillframe/core';
import { criuOptionsOf, ociFlags } from '../checkpoint/criu-options.ts';
import { containerFolders } from '../container/folders.ts';
import { noteStart, recordStart } from '../container/starting.ts';
import type { NodeContext } from '../context.ts';
import type { ContainerRecord } from '../store/records.ts';
import { unmountPages } from './in-place/mount-pages.ts';
import { dropRestoreOptions } from './restore-options.ts';

/** Returns the record of the running container. Throws ERR_RESTORE_FAILED. */
export async function startRestored(context: NodeContext, record: ContainerRecord): Promise<ContainerRecord> {
  const folders = containerFolders(context, record.id);
  const bundle = {
    containerID: record.id,
    folder: folders.bundle,
    logPath: record.logPath,
    stdin: record.stdin ?? false,
    stdinOnce: record.stdinOnce ?? false,
    terminal: record.terminal ?? false,
  };
  const noted = await noteStart(context, record);
  context.onStep('restore-noted');
  // Flags that must match the dump stand in CRIU's configuration file, which the specification names.
  const sandbox = context.sandboxes.get(record.sandboxID);
  const network = sandbox?.namespaces.net;
  const request = {
    imagePath: folders.images,
    ...(network === undefined ? {} : { network }),
    options: ociFlags(criuOptionsOf({ ...context.criuDefaults, ...record.annotations }, context.networkLock)),
  };
  const restoring = context.oci.restore(bundle, request, sandbox?.runtimeHandler ?? '');
  context.onStep('restore-begun');
  const pid = await restoring;
  context.onStep('restore-process');
  // First the record, then the images: without them it could not be started again.
  const started = await recordStart(context, noted, { pid });
  context.onStep('restore-recorded');
  await endRestore(context, record.id).catch((error) => {
    // It runs all the same; the next start of the node tries again.
    context.logger.log('warn', 'images of a restore not removed', { containerID: record.id, reason: messageOf(error) });
  });
  context.onStep('restore-images-removed');
  return started;
}

/** Removes what only the restore needed. Idempotent. */
export async function endRestore(context: NodeContext, id: string): Promise<void> {
  const folders = containerFolders(context, id);
  await dropRestoreOptions(folders);
  await unmountPages(folders.images);
  await rm(folders.images, { recursive: true, force: true });
}
