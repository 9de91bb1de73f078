/**
 * A program in a container, by WebSocket (`v5.channel.k8s.io`, or v4): one byte says which stream a message is of. The reader
 * sets the pace: while it does not take, nothing more is read from the connection.
 */
import { at, harmless, textAt } from '@stillframe/core';
import { WebSocket } from 'ws';
import { clusterError } from '../errors.ts';
import { type PodName, podPath } from '../pods/pod.ts';
import { excerpt, failureOf } from './answer.ts';
import { type CallOptions, type ClusterApi, defined, failureToReach } from './cluster-api.ts';

export interface ExecOptions extends CallOptions {
  readonly pod: PodName;
  readonly container: string;
  readonly command: readonly string[];
}

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const [STDOUT, STDERR, STATUS] = [1, 2, 3];
/** Bytes of one message: kubelets send 32 KiB. */
const LARGEST_MESSAGE = 4 << 20;
/** Bytes that may wait for the reader before the connection is held. */
const MOST_WAITING = 8 << 20;
/** Characters of stderr that are kept. */
const MOST_STDERR = 4096;
/** Bytes of an answer that refuses. */
const MOST_REFUSAL = 1 << 16;
const HANDSHAKE = 30_000;

/**
 * What the program writes to stdout, piece by piece, until it has ended well. Throws ERR_CLUSTER_EXEC for one that fails or a
 * connection that ends before its end is told, ERR_CLUSTER_* for one that is refused, and the reason of the signal.
 */
export async function* execInPod(api: ClusterApi, options: ExecOptions): AsyncGenerator<Uint8Array> {
  const { signal } = options;
  signal?.throwIfAborted();
  const socket = await connect(api, options);
  const waiting: Buffer[] = [];
  let size = 0;
  let stderr = '';
  let ended: { fault: unknown } | undefined;
  let wake: () => void = () => undefined;
  const end = (fault: unknown) => {
    ended ??= { fault };
    wake();
  };
  const shown = harmless(options.command[0] ?? '');
  socket.on('message', (data: Buffer) => {
    const [channel, body] = [data[0], data.subarray(1)];
    if (channel === STDOUT && body.length > 0) {
      waiting.push(body);
      size += body.length;
      if (size > MOST_WAITING) socket.pause();
      wake();
    } else if (channel === STDERR) stderr = (stderr + body.toString('utf8')).slice(0, MOST_STDERR);
    else if (channel === STATUS) end(faultOf(body, shown, stderr));
  });
  socket.on('error', (cause) => end(failureToReach(new URL(api.access.server).host, cause)));
  socket.on('close', () => end(clusterError('ERR_CLUSTER_EXEC', `the connection ended before ${shown} had`)));
  const abort = () => end(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      const next = waiting.shift();
      if (next) {
        size -= next.length;
        if (size <= MOST_WAITING && socket.isPaused) socket.resume();
        yield next;
      } else if (ended) {
        if (ended.fault !== undefined) throw ended.fault;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.terminate();
  }
}

async function connect(api: ClusterApi, { pod, container, command, signal }: ExecOptions): Promise<WebSocket> {
  const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true' });
  for (const word of command) query.append('command', word);
  const url = new URL(`${api.access.server}${podPath(pod, 'exec')}?${query}`);
  const credentials = await api.access.credentials();
  url.protocol = 'wss:';
  const socket = new WebSocket(url, PROTOCOLS, {
    ...defined(credentials),
    headers: credentials.headers as Record<string, string>,
    maxPayload: LARGEST_MESSAGE,
    handshakeTimeout: HANDSHAKE,
    perMessageDeflate: false,
  });
  const asked = `exec in ${pod.kubeNamespace}/${pod.pod}`;
  try {
    await new Promise<void>((resolve, reject) => {
      const abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      socket.once('open', () => {
        signal?.removeEventListener('abort', abort);
        // What comes at once must find its reader.
        socket.pause();
        resolve();
      });
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body = (body + text).slice(0, MOST_REFUSAL);
        });
        response.once('close', () => reject(failureOf({ status: response.statusCode ?? 0, body }, asked)));
      });
    });
  } catch (cause) {
    socket.on('error', () => undefined);
    socket.terminate();
    signal?.throwIfAborted();
    throw failureToReach(url.host, cause);
  }
  setImmediate(() => socket.resume());
  return socket;
}

/** The Status of a program that ended; undefined where all is well. */
function faultOf(body: Buffer, command: string, stderr: string): unknown {
  let status: unknown;
  try {
    status = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    return clusterError('ERR_CLUSTER_EXEC', `${command} ended, but how is not said: ${excerpt(body.toString())}`, {
      cause,
    });
  }
  if (at(status, 'status') === 'Success') return undefined;
  const said = stderr === '' ? textAt(status, 'message') : stderr;
  return clusterError('ERR_CLUSTER_EXEC', `${command} failed: ${excerpt(said)}`);
}
