/** A program on a terminal of its own in a container, over the streams of Exec: WebSocket, with every stream held back that nobody reads. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { type RawData, WebSocket } from 'ws';
import { criError } from '../grpc/errors.ts';
import type { CriClient } from './cri-client.ts';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Disposing hangs up, which ends the program. */
export interface ExecTerminal extends AsyncDisposable {
  /** What it writes, until it ends. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when more can be taken; what comes after its end is dropped. */
  write(bytes: Uint8Array): Promise<void>;
  resize(size: TerminalSize): void;
  /** How it ended, in words of the runtime, which are raw; undefined where it ended well. Resolves once `output` is at its end. */
  readonly ended: Promise<string | undefined>;
}

const [STDIN, STDOUT, STATUS, RESIZE] = [0, 1, 3, 4];
/** The newest that says how a program ended and is spoken by every runtime. */
const PROTOCOL = 'v4.channel.k8s.io';
/** Bytes of one message of the runtime, of what is told of an end, and of input that is on its way. */
const [MESSAGE, TOLD, UNSENT] = [1 << 20, 4096, 64 << 10];
/** Milliseconds until the streaming server must have answered. */
const ANSWER = 10_000;

/** Throws what Exec throws, and ERR_CRI_UNAVAILABLE where nobody answers at the address that it gives. */
export async function openExecTerminal(
  { runtime }: Pick<CriClient, 'runtime'>,
  { container, command, size }: { container: string; command: readonly string[]; size: TerminalSize },
  signal: AbortSignal,
): Promise<ExecTerminal> {
  const streams = { tty: true, stdin: true, stdout: true, stderr: false };
  const { url } = await runtime.exec({ containerId: container, cmd: [...command], ...streams }, { signal });
  const options = { maxPayload: MESSAGE, perMessageDeflate: false, handshakeTimeout: ANSWER };
  const socket = new WebSocket(url, [PROTOCOL], options);
  const output = new PassThrough();
  const ended = Promise.withResolvers<string | undefined>();
  // Whoever reads no more has said so.
  output.on('error', () => undefined);
  let told = '';
  socket.on('message', (data: RawData) => {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data as ArrayBuffer);
    if (bytes[0] === STATUS) told = bytes.toString('utf8', 1, TOLD);
    if (bytes[0] !== STDOUT || bytes.length === 1 || output.write(bytes.subarray(1))) return;
    // What had arrived before the pause comes all the same.
    if (socket.isPaused) return;
    socket.pause();
    output.once('drain', () => socket.resume());
  });
  socket.on('close', () => {
    output.end();
    ended.resolve(endOf(told));
  });
  try {
    await once(socket, 'open', { signal });
  } catch (cause) {
    socket.on('error', () => undefined);
    socket.terminate();
    signal.throwIfAborted();
    throw criError('ERR_CRI_UNAVAILABLE', 'the streaming server of the runtime does not answer', { cause });
  }
  // What goes wrong closes it, too.
  socket.on('error', () => undefined);
  const send = (channel: number, bytes: Uint8Array) =>
    new Promise<void>((resolve) => socket.send(Buffer.concat([Buffer.of(channel), bytes]), () => resolve()));
  const resize = ({ columns, rows }: TerminalSize) =>
    void send(RESIZE, Buffer.from(JSON.stringify({ Width: columns, Height: rows })));
  resize(size);
  return {
    output,
    ended: ended.promise,
    resize,
    async write(bytes) {
      const sent = send(STDIN, bytes);
      if (socket.bufferedAmount > UNSENT) await sent;
    },
    async [Symbol.asyncDispose]() {
      if (socket.readyState === WebSocket.CLOSED) return;
      const closed = once(socket, 'close');
      output.resume();
      socket.terminate();
      await closed;
    },
  };
}

/** Of a metav1.Status, which is JSON; the words themselves where it is none. */
function endOf(told: string): string | undefined {
  if (told === '') return 'the connection was cut';
  try {
    const { status, message } = JSON.parse(told) as { status?: unknown; message?: unknown };
    return status === 'Success' ? undefined : String(message ?? told);
  } catch {
    return told;
  }
}
