/** Execs that outlived the node which ran them: nobody reads their output or waits for their end any more. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { containerFolders } from '../container/folders.ts';
import type { NodeContext } from '../context.ts';
import { killExec } from './kill.ts';
import { EXECS } from './process-file.ts';

export async function sweepExecs(context: NodeContext): Promise<void> {
  for (const { id } of context.containers.list()) {
    const folder = join(containerFolders(context, id).bundle, EXECS);
    for (const name of await readdir(folder).catch(() => [])) await killExec(join(folder, name, 'pid'), id);
    await rm(folder, { recursive: true, force: true });
  }
}
