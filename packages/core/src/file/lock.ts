/**
 * A lock between processes: exclusive creation, and a guess about holders that died. Best effort by nature. It is a symbolic link
 * whose target is the holder's name: that is there from the first moment, also where the disk is full or the holder is killed.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, lutimes, open, readlink, rename, rm, symlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { coreError } from '../core-errors.ts';
import { orAbsent, systemCode } from '../errors.ts';
import { orAborted } from '../lifetime.ts';

/** A lock this old is left over: holders keep it for a few small writes. Milliseconds. */
const STALE_AFTER = 30_000;
/** Milliseconds between renewals by a holder that stays longer than that. */
const RENEWED = 5_000;
/** Bytes of a holder's name. */
const MAX_TOKEN = 4096;
/** Errors of symlink(2) on filesystems without symbolic links. */
const LINKLESS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** A lock that is held until disposal. */
export interface HeldLock extends AsyncDisposable {
  /** Whether the lock is still ours; false when another process took it for left over. */
  held(): Promise<boolean>;
}

/** Options of acquireLock and holdLock. */
export interface LockOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds to wait for the holder, 60,000 by default. */
  patience?: number | undefined;
}

/**
 * Creates the lock file `path`, waiting while another holder has it. A lock whose process on this machine is gone, or
 * that is older than 30 seconds, is removed. Throws ERR_FILE_LOCKED when patience runs out.
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<HeldLock> {
  const token = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}`;
  const deadline = performance.now() + (options.patience ?? 60_000);
  while (!(await created(path, token))) {
    options.signal?.throwIfAborted();
    if (await removedIfStale(path)) continue;
    if (performance.now() > deadline) {
      throw coreError('ERR_FILE_LOCKED', `${path} is held by another writer`, { details: { path } });
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

/** As acquireLock, for a holder that keeps it for long: it is renewed until disposal. `lost` is told once it is another's. */
export async function holdLock(path: string, options: LockOptions & { lost?: () => void } = {}): Promise<HeldLock> {
  const lock = await acquireLock(path, options);
  const renew = async () => {
    if (await lock.held()) await lutimes(path, new Date(), new Date());
    else options.lost?.();
  };
  const timer = setInterval(() => void renew().catch(() => undefined), RENEWED);
  return {
    held: lock.held,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await lock[Symbol.asyncDispose]();
    },
  };
}

async function created(path: string, token: string): Promise<boolean> {
  try {
    await symlink(token, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (LINKLESS.has(systemCode(error) ?? '')) return createdFile(path, token);
    throw error;
  }
}

/** Where the filesystem has no symbolic links. */
async function createdFile(path: string, token: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(token);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a left-over lock aside before removing it, so that of several waiters one alone removes it. */
async function removedIfStale(path: string): Promise<boolean> {
  const seen = await holderOf(path);
  if (seen === undefined || !(await isStale(path, seen))) return false;
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  await orAbsent(rename(path, aside), 'ENOENT');
  await rm(aside, { force: true });
  return true;
}

async function isStale(path: string, holder: string): Promise<boolean> {
  const [pid, host] = holder.split(' ');
  if (host === hostname() && !isRunning(Number(pid))) return true;
  const made = (await orAbsent(lstat(path), 'ENOENT'))?.mtimeMs;
  return made !== undefined && Date.now() - made > STALE_AFTER;
}

async function holderOf(path: string): Promise<string | undefined> {
  try {
    return await readlink(path).catch((error: unknown) => {
      if (systemCode(error) === 'EINVAL') return textOf(path);
      throw error;
    });
  } catch (error) {
    // ELOOP: it was a file, and is another holder's link now, whom the next look finds.
    if (['ENOENT', 'ELOOP'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

async function textOf(path: string): Promise<string | undefined> {
  // Between lstat and open another name may have come here: links and pipes are neither followed nor waited for.
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_TOKEN), 0, MAX_TOKEN, 0);
  return buffer.toString('utf8', 0, bytesRead);
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
