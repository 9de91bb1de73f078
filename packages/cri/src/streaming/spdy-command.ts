/** Exec and attach on a SPDY connection: the client opens a stream for each purpose and names it in a header. */
import type { Duplex } from 'node:stream';
import { type ClientStreams, type CommandRequest, joinCommand } from './command.ts';
import type { SpdyCommand } from './protocols.ts';
import { ResizeEvents } from './resize-events.ts';
import { SpdyConnection } from './spdy/connection.ts';
import type { SpdyStream } from './spdy/stream.ts';
import { endMessage } from './status.ts';

/** Milliseconds in which a client must have opened its streams. */
const OPENING = 30_000;

/** Serves one upgraded connection to its end. */
export async function serveSpdyCommand(
  transport: Duplex,
  request: CommandRequest,
  protocol: SpdyCommand,
): Promise<void> {
  const resizes = request.terminal && (protocol === 'v4.channel.k8s.io' || protocol === 'v3.channel.k8s.io');
  const expected = new Set(['error', ...purposes(request), ...(resizes ? ['resize'] : [])]);
  const streams = new Map<string, SpdyStream>();
  let complete: () => void = () => undefined;
  const opened = new Promise<boolean>((resolve) => {
    complete = () => resolve(true);
  });
  const connection = new SpdyConnection(transport, (stream) => {
    const purpose = stream.headers.get('streamtype') ?? '';
    if (!expected.has(purpose) || streams.has(purpose)) {
      stream.destroy();
      return;
    }
    streams.set(purpose, stream);
    if (streams.size === expected.size) complete();
  });
  const timer = setTimeout(() => void connection.close(), OPENING);
  const ready = await Promise.race([opened, connection.closed.then(() => false)]);
  clearTimeout(timer);
  if (ready) await joinCommand(request, clientOf(connection, streams, protocol));
  await connection.close();
}

function purposes(request: CommandRequest): string[] {
  return (['stdin', 'stdout', 'stderr'] as const).filter((purpose) => request[purpose]);
}

function clientOf(connection: SpdyConnection, streams: Map<string, SpdyStream>, protocol: SpdyCommand): ClientStreams {
  // The client says nothing on these, and its end of them must not stay open for that.
  for (const purpose of ['error', 'stdout', 'stderr']) streams.get(purpose)?.resume();
  return {
    stdin: streams.get('stdin'),
    stdout: streams.get('stdout'),
    stderr: streams.get('stderr'),
    onResize(listener) {
      const events = new ResizeEvents();
      streams.get('resize')?.on('data', (chunk: Buffer) => {
        for (const size of events.push(chunk)) listener(size);
      });
    },
    async finish(end) {
      const error = streams.get('error');
      const message = endMessage(end, protocol === 'v4.channel.k8s.io');
      // Streams that carried nothing have not been ended by anybody yet.
      for (const purpose of ['stdout', 'stderr']) streams.get(purpose)?.end();
      await new Promise<void>((resolve) => {
        if (!error || error.destroyed) return resolve();
        error.once('close', () => resolve());
        error.end(message, () => resolve());
      });
      await connection.close();
    },
    gone: connection.closed,
  };
}
