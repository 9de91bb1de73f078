/** StartContainer of a container that was created from a checkpoint: CRIU restores it here. */
import { rm } from 'node:fs/promises';
import { criuOptionsOf, ociFlags } from '../checkpoint/criu-options.ts';
import { containerFolders } from '../container/folders.ts';
import type { NodeContext } from '../context.ts';
import type { ContainerRecord } from '../store/records.ts';
import { dropRestoreOptions } from './restore-options.ts';

/** Returns the pid of the restored first process; it runs when this returns. Throws ERR_RESTORE_FAILED. */
export async function startRestored(context: NodeContext, record: ContainerRecord): Promise<number> {
  const folders = containerFolders(context, record.id);
  const bundle = {
    containerID: record.id,
    folder: folders.bundle,
    logPath: record.logPath,
    stdin: record.stdin ?? false,
    stdinOnce: record.stdinOnce ?? false,
    terminal: record.terminal ?? false,
  };
  // Flags that must match the dump stand in CRIU's configuration file, which the specification names.
  const network = context.sandboxes.get(record.sandboxID)?.namespaces.net;
  const pid = await context.oci.restore(bundle, {
    imagePath: folders.images,
    ...(network === undefined ? {} : { network }),
    options: ociFlags(criuOptionsOf({ ...context.criuDefaults, ...record.annotations }, context.networkLock)),
  });
  await dropRestoreOptions(folders);
  await rm(folders.images, { recursive: true, force: true });
  return pid;
}
