/**
 * One node a state folder. The lock is an abstract Unix socket: the kernel gives it to one process and takes it back
 * when that dies, so there is nothing stale to judge. The pid file beside it only tells others who holds it.
 */
import { createHash } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { systemCode } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import { startOf } from './container/status.ts';
import { runtimeError } from './errors.ts';

/** Writes `<pid> <start time>`; disposing removes it. Throws ERR_NODE_BUSY while another live process holds it. */
export async function takeOwnership(path: string): Promise<AsyncDisposable> {
  const lock = await holdLock(path);
  try {
    // A holder in another network namespace has another set of abstract names; its pid file is seen all the same.
    const owner = await ownerOf(path);
    if (owner !== undefined) throw busy(owner);
    await writeTextAtomically(path, `${process.pid} ${await startOf(process.pid)}\n`);
  } catch (error) {
    lock.close();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      await rm(path, { force: true });
      lock.close();
    },
  };
}

/** Pid of the live process that holds the file, or undefined. */
export async function ownerOf(path: string): Promise<number | undefined> {
  const [pid = '', start = ''] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ');
  return pid !== '' && (await startOf(Number(pid))) === start ? Number(pid) : undefined;
}

async function holdLock(path: string): Promise<Server> {
  // The folder by what it is, not by one of its names.
  const { dev, ino } = await stat(dirname(path));
  const name = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(`\0stillframe-node-${name}`, resolve);
    });
  } catch (cause) {
    if (systemCode(cause) !== 'EADDRINUSE') throw cause;
    throw busy(await ownerOf(path), cause);
  }
  server.unref();
  return server;
}

function busy(owner: number | undefined, cause?: unknown) {
  const who = owner === undefined ? 'another node, just starting or ending,' : `a node with pid ${owner}`;
  return runtimeError('ERR_NODE_BUSY', `${who} works with these folders already`, { cause });
}
