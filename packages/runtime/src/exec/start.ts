/** What can keep a command from starting in a container. */
import { stat } from 'node:fs/promises';
import { isCode } from '@stillframe/core';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { saidLines } from '../oci-runtime/said.ts';
import type { ExecFolder } from './process-file.ts';

/** Milliseconds between two attempts on a container that is frozen for its checkpoint. */
const AGAIN = 50;
/** Milliseconds that a frozen container is waited for where the caller sets no limit. */
const PATIENCE = 120_000;

/**
 * Does `work` again while it fails because the container is frozen: a checkpoint must not fail anybody's health check.
 */
export async function whenThawed<T>(stop: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + PATIENCE; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!isCode(error, 'ERR_EXEC_FROZEN') || stop.aborted || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}

/** Waits while the container is frozen, for at most as long. */
export async function untilThawed(context: NodeContext, containerID: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; ) {
    if ((await context.oci.state(containerID))?.status !== 'paused') return;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

/**
 * The error of a command that never ran: the OCI runtime writes the pid only of one that does. Undefined where it ran;
 * its exit code, whatever it is, is then its own. `said`: what the OCI runtime wrote.
 */
export async function notStarted(folder: ExecFolder, code: number, said: string): Promise<Error | undefined> {
  if (code === 0 || (await stat(folder.pidFile).catch(() => undefined))) return undefined;
  const reason = saidLines(said).at(-1);
  if (wasPaused(said)) return runtimeError('ERR_EXEC_FROZEN', `container ${folder.containerID} is frozen`);
  return runtimeError('ERR_EXEC_FAILED', `the command could not be started: ${reason || `code ${code}`}`);
}

function wasPaused(said: string): boolean {
  return /paused container|container .*paused/i.test(said);
}
