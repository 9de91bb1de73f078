/** Exec and attach on a WebSocket: every stream is a channel of the one connection. */
import { PassThrough, Writable } from 'node:stream';
import type { TerminalSize } from '@stillframe/runtime';
import type { WebSocket } from 'ws';
import { type ClientStreams, type CommandRequest, joinCommand } from '../command.ts';
import type { WebSocketCommand } from '../protocols.ts';
import { ResizeEvents } from '../resize-events.ts';
import { endMessage } from '../status.ts';
import { channels, decodeMessage, encodeMessage } from './channels.ts';

/** Bytes of output in one message; clients read with buffers of this size. */
const MESSAGE = 32 << 10;
/** Milliseconds until a client that does not answer the close is hung up on. */
const LINGER = 5_000;
/** Milliseconds between pings while a client is not read from. */
const PROBE = 5_000;
const NORMAL = 1000;

/** Serves one upgraded connection to its end. */
export async function serveWebSocketCommand(
  socket: WebSocket,
  request: CommandRequest,
  protocol: WebSocketCommand,
): Promise<void> {
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  // Clients take the first message for the sign that the streams are open.
  const first = request.stdout ? channels.stdout : request.stderr ? channels.stderr : channels.error;
  await send(socket, encodeMessage(first, new Uint8Array(), protocol));
  const stdin = new PassThrough();
  const sizes = receive(socket, stdin, protocol);
  await joinCommand(request, {
    stdin: request.stdin ? stdin : undefined,
    stdout: request.stdout ? output(socket, channels.stdout, protocol) : undefined,
    stderr: request.stderr ? output(socket, channels.stderr, protocol) : undefined,
    onResize: sizes,
    async finish(end) {
      const asStatus = protocol !== 'channel.k8s.io' && protocol !== 'base64.channel.k8s.io';
      const message = endMessage(end, asStatus);
      if (message !== '') await send(socket, encodeMessage(channels.error, Buffer.from(message), protocol));
      socket.resume();
      socket.close(NORMAL);
      const timer = setTimeout(() => socket.terminate(), LINGER);
      await gone;
      clearTimeout(timer);
    },
    gone,
  });
  socket.terminate();
}

/** Passes input on and returns the subscription to sizes, which remembers the last one. */
function receive(socket: WebSocket, stdin: PassThrough, protocol: WebSocketCommand): ClientStreams['onResize'] {
  const events = new ResizeEvents();
  let last: TerminalSize | undefined;
  let listener: ((size: TerminalSize) => void) | undefined;
  socket.on('message', (data) => {
    const message = decodeMessage(Buffer.isBuffer(data) ? data : Buffer.from(data as ArrayBuffer), protocol);
    if (message?.kind === 'close' && message.channel === channels.stdin) stdin.end();
    if (message?.kind !== 'data') return;
    if (message.channel === channels.stdin && !stdin.writableEnded && !stdin.write(message.data) && !socket.isPaused) {
      socket.pause();
      // Nobody sees one go that is not read from, but by what is sent to it.
      const probe = setInterval(() => socket.ping(), PROBE);
      const stop = () => clearInterval(probe);
      socket.once('close', stop);
      stdin.once('drain', () => {
        stop();
        socket.off('close', stop);
        socket.resume();
      });
    }
    if (message.channel === channels.resize) {
      for (const size of events.push(message.data)) {
        last = size;
        listener?.(size);
      }
    }
  });
  socket.once('close', () => stdin.end());
  return (next) => {
    listener = next;
    if (last) next(last);
  };
}

function output(socket: WebSocket, channel: number, protocol: WebSocketCommand): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, callback) {
      const pieces = Array.from({ length: Math.ceil(chunk.byteLength / MESSAGE) }, (_piece, index) =>
        chunk.subarray(index * MESSAGE, (index + 1) * MESSAGE),
      );
      Promise.all(pieces.map((piece) => send(socket, encodeMessage(channel, piece, protocol)))).then(
        () => callback(),
        callback,
      );
    },
  });
}

function send(socket: WebSocket, message: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    // A client that is gone is told by the close of the socket.
    socket.send(message, () => resolve());
  });
}
