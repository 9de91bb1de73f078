/** Log rotation: conmon is told through its control FIFO to begin a new file (ReopenContainerLog). */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemCode } from '@stillframe/core';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { containerFolders } from './folders.ts';
import { containerOf } from './lifecycle.ts';
import { statusOf } from './status.ts';

/** Kind 2 of conmon's control messages; the two numbers belong to kind 1, the size of a terminal. */
const REOPEN = '2 0 0\n';
/** Milliseconds until the new file must be there. */
const PATIENCE = 5000;

/**
 * Returns when the container's output goes to a new file at its log path. Throws ERR_CONTAINER_NOT_FOUND, and
 * ERR_CONTAINER_STATE where it does not run: no file is made then.
 */
export async function reopenLog(context: NodeContext, idOrPrefix: string): Promise<void> {
  const { id } = containerOf(context, idOrPrefix);
  await context.locks.run(id, async () => {
    const record = containerOf(context, id);
    const { state } = await statusOf(context, record);
    if (state !== 'running') throw runtimeError('ERR_CONTAINER_STATE', `container ${id} is ${state}, not running`);
    const before = await inodeOf(record.logPath);
    await tellMonitor(join(containerFolders(context, id).bundle, 'ctl'), REOPEN);
    for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(10)) {
      const now = await inodeOf(record.logPath);
      if (now !== undefined && now !== before) return;
    }
    throw runtimeError('ERR_PROCESS_TIMEOUT', `the monitor of container ${id} did not begin a new log`);
  });
}

/**
 * Writes one line to a FIFO of the monitor, such as `1 40 120\n` for a terminal's rows and columns. Never waits for a
 * reader: throws ERR_CONTAINER_STATE where there is none.
 */
async function tellMonitor(fifo: string, line: string): Promise<void> {
  try {
    await using handle = await open(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFIFO()) throw runtimeError('ERR_CONTAINER_STATE', `${fifo} is no FIFO`);
    await handle.write(line);
  } catch (cause) {
    // ENXIO is what the kernel says of a FIFO that nobody reads.
    const code = systemCode(cause);
    if (code !== 'ENXIO' && code !== 'ENOENT') throw cause;
    throw runtimeError('ERR_CONTAINER_STATE', 'the monitor of the container is gone', { cause });
  }
}

/** File systems reuse inodes at once, so the time of birth tells two files apart, too. */
async function inodeOf(path: string): Promise<string | undefined> {
  const facts = await stat(path, { bigint: true }).catch(() => undefined);
  return facts && `${facts.ino} ${facts.birthtimeNs}`;
}
