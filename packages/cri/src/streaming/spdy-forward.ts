/**
 * Port forwarding on a SPDY connection: for each TCP connection the client opens two streams, `error` and then `data`,
 * which bear the port and the same request id.
 */
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '@stillframe/core';
import type { ForwardedConnection } from '@stillframe/runtime';
import { SpdyConnection } from './spdy/connection.ts';
import type { SpdyStream } from './spdy/stream.ts';

export interface ForwardRequest {
  /** Ports that may be asked for; any where empty. */
  readonly ports: readonly number[];
  connect(port: number): Promise<ForwardedConnection>;
}

/** Milliseconds in which the second stream of a pair must follow. */
const PAIRING = 30_000;

/** Serves one upgraded connection until the client is gone. */
export async function serveSpdyForward(transport: Duplex, request: ForwardRequest): Promise<void> {
  const halves = new Map<string, { stream: SpdyStream; timer: NodeJS.Timeout }>();
  const open = new Set<Promise<void>>();
  const connection = new SpdyConnection(transport, (stream) => {
    const type = stream.headers.get('streamtype');
    if (type !== 'error' && type !== 'data') return void stream.destroy();
    // Old clients send no request id: their data stream comes right after its error stream.
    const key = stream.headers.get('requestid') ?? `stream ${type === 'error' ? stream.id : stream.id - 2}`;
    const half = halves.get(key);
    if (!half) {
      const timer = setTimeout(() => {
        halves.delete(key);
        stream.destroy();
      }, PAIRING);
      halves.set(key, { stream, timer });
      return undefined;
    }
    clearTimeout(half.timer);
    halves.delete(key);
    if (half.stream.headers.get('streamtype') === type) {
      half.stream.destroy();
      return void stream.destroy();
    }
    const [error, data] = type === 'data' ? [half.stream, stream] : [stream, half.stream];
    const work = forward(request, error, data).finally(() => open.delete(work));
    open.add(work);
  });
  await connection.closed;
  for (const { timer } of halves.values()) clearTimeout(timer);
  await Promise.all(open);
}

async function forward(request: ForwardRequest, error: SpdyStream, data: SpdyStream): Promise<void> {
  error.resume();
  const text = data.headers.get('port') ?? '';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  try {
    if (request.ports.length > 0 && !request.ports.includes(port))
      throw new RangeError(`port ${text} was not asked for`);
    await using inside = await request.connect(port);
    await join(data, inside);
    error.end();
  } catch (reason) {
    error.end(`error forwarding port ${text}: ${messageOf(reason)}`);
    data.end();
    data.resume();
  }
}

/** Both directions, each to its own end; returns when both are over or the client has given the stream up. */
async function join(data: SpdyStream, inside: ForwardedConnection): Promise<void> {
  const given = new Promise<void>((resolve) => data.once('close', () => resolve()));
  if (data.destroyed) return;
  const inward = pipeline(data, inside.input).catch(() => undefined);
  const outward = pipeline(inside.output, data).catch(() => undefined);
  await Promise.race([Promise.all([inward, outward]), inside.ended.then(() => outward), given]);
}
