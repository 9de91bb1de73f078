/** The socket on which plugins connect. */
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { messageOf } from '@stillframe/core';
import { nriError } from './errors.ts';
import type { Plugins } from './plugins.ts';

/** Milliseconds until a socket that somebody has must have answered. */
const ANSWER = 1000;

/**
 * Takes plugins on the Unix socket `path`, for this user alone: a plugin may do anything to a container, and so to the
 * host. Disposing closes the socket and hangs up on all. Throws ERR_NRI_SOCKET.
 */
export async function listenForPlugins(path: string, plugins: Plugins): Promise<AsyncDisposable> {
  const server = createServer((socket) => void plugins.accept(socket));
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await freeSocket(path);
    await listening(server, path);
    await chmod(path, 0o600);
  } catch (cause) {
    server.close();
    throw nriError('ERR_NRI_SOCKET', `no NRI socket at ${path}: ${messageOf(cause)}`, { cause, details: { path } });
  }
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      await plugins[Symbol.asyncDispose]();
      await closed;
      await rm(path, { force: true });
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

/** Removes the socket of a node that has ended. Throws Error where something listens on it. */
async function freeSocket(path: string): Promise<void> {
  if (!(await stat(path).catch(() => undefined))?.isSocket()) return;
  let socket: Socket | undefined;
  const answers = await new Promise<boolean>((resolve) => {
    socket = connect(path, () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.setTimeout(ANSWER, () => resolve(true));
  });
  socket?.destroy();
  if (answers) throw new Error('something listens on it already');
  await rm(path, { force: true });
}
