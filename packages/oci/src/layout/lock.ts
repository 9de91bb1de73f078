/** A lock file between processes: exclusive creation, and a guess about holders that died. Best effort by nature. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { orAborted, systemCode } from '@stillframe/core';
import type { ContentOptions } from '../content.ts';
import { ociError } from '../errors.ts';

/** A lock this old is left over: holders keep it for a few small writes. Milliseconds. */
const STALE_AFTER = 30_000;

/** A lock that is held until disposal. */
export interface HeldLock extends AsyncDisposable {
  /** Whether the lock is still ours; false when another process took it for left over. */
  held(): Promise<boolean>;
}

/** Options of acquireLock. */
export interface LockOptions extends ContentOptions {
  /** Milliseconds to wait for the holder, 60,000 by default. */
  patience?: number;
}

/**
 * Creates the lock file `path`, waiting while another holder has it. A lock whose process on this machine is gone, or
 * that is older than 30 seconds, is removed. Throws ERR_OCI_LAYOUT_LOCKED when patience runs out.
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<HeldLock> {
  const token = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}`;
  const deadline = performance.now() + (options.patience ?? 60_000);
  while (!(await created(path, token))) {
    options.signal?.throwIfAborted();
    if (await removedIfStale(path)) continue;
    if (performance.now() > deadline) {
      throw ociError('ERR_OCI_LAYOUT_LOCKED', `${path} is held by another writer`, { details: { path } });
    }
    await orAborted(delay(2 + Math.random() * 20), options.signal);
  }
  const held = async () => (await holderOf(path)) === token;
  return {
    held,
    async [Symbol.asyncDispose]() {
      if (await held()) await rm(path, { force: true });
    },
  };
}

async function created(path: string, token: string): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  await using _file = file;
  try {
    await file.writeFile(token);
    return true;
  } catch (error) {
    // A full disk: an empty lock would hold up the next ones for as long as a lock counts.
    await rm(path, { force: true });
    throw error;
  }
}

/** Moves a left-over lock aside before removing it, so that of several waiters one alone removes it. */
async function removedIfStale(path: string): Promise<boolean> {
  const seen = await holderOf(path);
  if (seen === undefined || !(await isStale(path, seen))) return false;
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    throw error;
  }
  await rm(aside, { force: true });
  return true;
}

async function isStale(path: string, holder: string): Promise<boolean> {
  const [pid, host] = holder.split(' ');
  if (host === hostname() && !isRunning(Number(pid))) return true;
  try {
    return Date.now() - (await stat(path)).mtimeMs > STALE_AFTER;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function holderOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    return systemCode(error) !== 'ESRCH';
  }
}
