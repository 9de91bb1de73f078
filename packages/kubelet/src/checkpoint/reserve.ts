/** Archive names of one's own: nothing that is there is ever overwritten, by this process or another. */
import { createHash } from 'node:crypto';
import { lstat, open, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { orAbsent, systemCode } from '@stillframe/core';
import { kubeletError } from '../errors.ts';
import { archiveName, type ContainerAddress } from './names.ts';

/** Reservations are files of this prefix and a digest of the name, which itself may fill a file name. */
const PREFIX = '.reserved-';
/** Names tried, one a second. */
const ATTEMPTS = 120;
/** Milliseconds after which a reservation is of a process that was killed: longer than any capture may take. */
const STALE_AFTER = 25 * 3_600_000;

/** A name that nobody else uses until disposal. */
export interface Reservation extends AsyncDisposable {
  readonly path: string;
  readonly time: Date;
}

/**
 * Reserves the archive name of this second in `folder`, or of the next one that is free. Names count seconds, so a
 * second capture in one second waits. Throws ERR_KUBELET_NAME_TAKEN after two minutes, or the reason of `signal`.
 */
export async function reserveArchive(
  folder: string,
  address: ContainerAddress,
  signal: AbortSignal,
  clock: () => Date = () => new Date(),
): Promise<Reservation> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    signal.throwIfAborted();
    const time = clock();
    const name = archiveName(address, time);
    const path = join(folder, name);
    const mark = join(folder, reservationOf(name));
    if (await createdExclusively(mark)) {
      const release = () => rm(mark, { force: true });
      // Only now: before, another process could have finished its archive in between.
      if (!(await exists(path))) return { path, time, [Symbol.asyncDispose]: release };
      await release();
    }
    await delay(1000 - time.getMilliseconds(), undefined, { signal });
  }
  throw kubeletError('ERR_KUBELET_NAME_TAKEN', `no archive name was free for ${ATTEMPTS} seconds`);
}

/** Name of the file that lies beside the archive `name` while that is being written. */
export function reservationOf(name: string): string {
  return `${PREFIX}${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}

/**
 * Removes reservations in `folder` that a killed process left behind: those of processes that are no more, as far as this
 * one can know, and those that are older than any capture.
 */
export async function sweepReservations(folder: string, now: Date = new Date()): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(folder, name);
    const stale = (await isOlder(path, now.getTime() - STALE_AFTER)) || (await isOfNobody(path));
    if (stale) await rm(path, { force: true });
  }
}

async function createdExclusively(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(`${process.pid} ${await processNamespace()}`);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Whether the process that reserved is known to have ended. A pid means something in its own namespace only. */
async function isOfNobody(path: string): Promise<boolean> {
  const [pid = '', space = ''] = (await readFile(path, 'utf8').catch(() => '')).split(' ');
  if (!/^[1-9]\d*$/.test(pid) || space === '' || space !== (await processNamespace())) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}

/** The namespace of this process, or nothing where there is none to know. */
function processNamespace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

/** False also for a file that has gone meanwhile. */
async function isOlder(path: string, than: number): Promise<boolean> {
  const made = (await orAbsent(stat(path), 'ENOENT'))?.mtimeMs;
  return made !== undefined && made < than;
}

async function exists(path: string): Promise<boolean> {
  return (await orAbsent(lstat(path), 'ENOENT')) !== undefined;
}
