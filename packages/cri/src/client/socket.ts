/** Where a CRI socket is, and whether something listens there. */
import { createConnection } from 'node:net';
import { isAbsolute } from 'node:path';
import { messageOf, systemCode } from '@stillframe/core';
import { criError } from '../grpc/errors.ts';

/** Bytes of a socket path that Linux can bind: sizeof(sun_path) less its final zero byte. */
const SOCKET_PATH_LIMIT = 107;

/** By the system's code: what is the matter, and what to do. */
const REASONS: Readonly<Record<string, readonly [fact: string, hint: string]>> = {
  ENOENT: ['there is none', 'start the container runtime, or name the socket that it makes'],
  ECONNREFUSED: ['nobody listens', 'the container runtime has ended and left its socket; start it again'],
  EACCES: ['this user may not open it', 'run as root, or join the group that owns the socket'],
  ENOTSOCK: ['it is a file, not a socket', 'name the socket of the container runtime'],
};

/** The path in `/run/x.sock` or `unix:///run/x.sock`. Throws ERR_CRI_SOCKET_INVALID for anything else. */
export function socketPath(socket: string): string {
  const path = socket.startsWith('unix://') ? socket.slice('unix://'.length) : socket;
  const bytes = Buffer.byteLength(path);
  if (!isAbsolute(path) || path.includes('\0') || bytes > SOCKET_PATH_LIMIT) {
    const reason = bytes > SOCKET_PATH_LIMIT ? `longer than ${SOCKET_PATH_LIMIT} bytes` : 'not an absolute path';
    throw criError('ERR_CRI_SOCKET_INVALID', `CRI socket ${JSON.stringify(socket)} is ${reason}`);
  }
  return path;
}

/** What an HTTP/2 client says first (RFC 9113 section 3.4): the preface and an empty SETTINGS frame. */
const HTTP2_GREETING = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

/**
 * Resolves when something behind `path` answers an HTTP/2 greeting, and hangs up. A gRPC channel that gets no answer
 * keeps its reason to itself, retries, and cannot be closed, so it is not opened before this.
 * Throws ERR_CRI_UNAVAILABLE with the reason, or the reason of `signal`.
 */
export function probeSocket(path: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const connection = createConnection({ path });
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', abort);
      connection.destroy();
      settle();
    };
    const abort = () => end(() => reject(signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    connection.write(HTTP2_GREETING);
    connection.once('data', () => end(resolve));
    connection.once('error', (cause) => end(() => reject(unavailable(path, cause))));
    connection.once('end', () => end(() => reject(unavailable(path, new Error('the connection was closed')))));
  });
}

function unavailable(path: string, cause: Error): Error {
  const code = systemCode(cause) ?? '';
  const [fact, hint] = REASONS[code] ?? [messageOf(cause)];
  const facts = { cause, details: { path, code }, ...(hint === undefined ? {} : { hint }) };
  return criError('ERR_CRI_UNAVAILABLE', `cannot connect to the CRI socket ${path}: ${fact}`, facts);
}
