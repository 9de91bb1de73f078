/** A watch: what changes in a list, as lines of JSON that the API server sends while the connection stands. */
import { isObject, type JsonObject, textAt } from '@stillframe/core';
import { clusterError } from '../errors.ts';
import { documentIn, failureOf } from './answer.ts';
import type { CallOptions, ClusterApi } from './cluster-api.ts';

/** `BOOKMARK` has an object with nothing but its resource version; `ERROR` a Status. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: JsonObject;
}

export interface WatchOptions extends CallOptions {
  /** What comes after this one is told. */
  readonly resourceVersion: string;
  /** Seconds after which the API server ends it. */
  readonly timeout: number;
}

const TYPES: readonly string[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'];
/** Bytes of one event: an object of etcd has 1.5 MiB, as JSON up to six times that, where all of it is `<`, which becomes `\u003c`. */
const LARGEST = 16 << 20;
/** Bytes of an answer that refuses. */
const LARGEST_REFUSAL = 1 << 16;

/**
 * The events of a list's path, until the API server ends it. Throws ERR_CLUSTER_GONE where that version is too old to be gone on
 * from, also in the middle, ERR_CLUSTER_* as any request, and the reason of the signal.
 */
export async function* watchList(
  api: ClusterApi,
  path: string,
  { resourceVersion, timeout, signal }: WatchOptions,
): AsyncGenerator<WatchEvent> {
  const query = { watch: '1', allowWatchBookmarks: 'true', resourceVersion, timeoutSeconds: String(timeout) };
  const ending = new AbortController();
  const either = AbortSignal.any([ending.signal, ...(signal ? [signal] : [])]);
  try {
    const { status, body } = await api.stream({
      method: 'GET',
      path: `${path}?${new URLSearchParams(query)}`,
      signal: either,
    });
    if (status !== 200) throw refusal(status, await beginningOf(body), path);
    for await (const line of linesOf(body)) yield eventIn(line, path);
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause instanceof Error && 'code' in cause && !String(cause.code).startsWith('ERR_CLUSTER')
      ? clusterError('ERR_CLUSTER_UNREACHABLE', `the watch of ${path} broke off`, { cause })
      : cause;
  } finally {
    ending.abort();
  }
}

function refusal(status: number, body: string, path: string): Error {
  if (status === 410) return clusterError('ERR_CLUSTER_GONE', `${path}: that version is no longer there`);
  return failureOf({ status, body }, `watch ${path}`);
}

function eventIn(line: Buffer, path: string): WatchEvent {
  const { type, object } = documentIn(line);
  if (typeof type !== 'string' || !TYPES.includes(type) || !isObject(object)) {
    throw clusterError('ERR_CLUSTER_ANSWER', `${path} sends what is no event`);
  }
  const code = Number(object['code']);
  if (type === 'ERROR') {
    throw refusal(code, JSON.stringify({ kind: 'Status', message: textAt(object, 'message') }), path);
  }
  return { type: type as WatchEvent['type'], object };
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    let rest = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...parts, rest.subarray(0, end)]);
      [parts, size, rest] = [[], 0, rest.subarray(end + 1)];
      if (line.length > 0) yield line;
    }
    size += rest.length;
    if (size > LARGEST) throw clusterError('ERR_CLUSTER_ANSWER', `an event is larger than ${LARGEST} bytes`);
    if (rest.length > 0) parts.push(rest);
  }
}

async function beginningOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    parts.push(piece);
    size += piece.length;
    if (size > LARGEST_REFUSAL) break;
  }
  return Buffer.concat(parts).toString('utf8');
}
