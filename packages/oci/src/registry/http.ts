/** One HTTP exchange over node:http(s): streamed both ways, with an exact Content-Length, which fetch does not promise. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { messageOf, systemCode } from '@stillframe/core';
import { ociError } from '../errors.ts';

/** A request body of known length. */
export interface HttpBody {
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** A request. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: HttpBody | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An answer whose body has not been read. Whoever gets one iterates `body` or calls `discard`. */
export interface HttpAnswer {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Once. Throws ERR_OCI_REGISTRY_BROKEN where the connection breaks before its end. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Lets go of the connection without reading the body. */
  discard(): void;
}

/** Options of HttpTransport. */
export interface TransportOptions {
  /** PEM certificates trusted beside none other. The system's by default. */
  ca?: string | undefined;
  /** Milliseconds without a byte in either direction until a connection counts as broken; 120,000 by default. */
  idleTimeout?: number | undefined;
}

/** A body this small is read to its end on discard, since that keeps the connection for the next request. */
const WORTH_DRAINING = 64 << 10;

/** Codes of a connection that was there and broke: the same request may succeed at once. */
const BROKEN = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'HPE_INVALID_EOF_STATE',
]);

/** Keeps connections between requests; disposal closes them. */
export class HttpTransport implements Disposable {
  readonly #plain: HttpAgent;
  readonly #secure: HttpsAgent;
  readonly #idleTimeout: number;

  constructor(options: TransportOptions = {}) {
    this.#plain = new HttpAgent({ keepAlive: true });
    this.#secure = new HttpsAgent({ keepAlive: true, ...(options.ca === undefined ? {} : { ca: options.ca }) });
    this.#idleTimeout = options.idleTimeout ?? 120_000;
  }

  /**
   * Sends `request` and resolves with the head of the answer. When the answer comes before the body is sent whole, the
   * rest is not sent. What `request.body.content` throws is thrown as it is; failures of the network are
   * ERR_OCI_REGISTRY_BROKEN or ERR_OCI_REGISTRY_UNREACHABLE.
   */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    request.signal?.throwIfAborted();
    const { url, body, signal } = request;
    const length = body ? { 'content-length': String(body.size) } : {};
    const options = {
      method: request.method,
      headers: { 'user-agent': 'stillframe', 'accept-encoding': 'identity', ...request.headers, ...length },
      timeout: this.#idleTimeout,
    };
    const secure = url.protocol === 'https:';
    const outgoing = secure
      ? httpsRequest(url, { ...options, agent: this.#secure })
      : httpRequest(url, { ...options, agent: this.#plain });
    outgoing.on('timeout', () =>
      outgoing.destroy(Object.assign(new Error('no byte for too long'), { code: 'ETIMEDOUT' })),
    );
    endWith(outgoing, signal);
    const incoming = await exchange(outgoing, request);
    return {
      url,
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: { [Symbol.asyncIterator]: () => read(incoming, request) },
      discard: () => discard(incoming),
    };
  }

  [Symbol.dispose](): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

/**
 * Ends the request when `signal` aborts, and no longer than the request lasts. The option of http.request does it longer:
 * it then destroys the socket that has gone back to the pool, whose error nobody hears, and the process ends.
 */
function endWith(outgoing: ClientRequest, signal: AbortSignal | undefined): void {
  if (!signal) return;
  const abort = () => outgoing.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  outgoing.once('close', () => signal.removeEventListener('abort', abort));
  outgoing.once('socket', (socket) => {
    if (guarded.has(socket)) return;
    guarded.add(socket);
    socket.on('error', () => undefined);
  });
}

/** Sockets whose late errors are taken; what concerns a request reaches that request's own listener as well. */
const guarded = new WeakSet<object>();

function exchange(outgoing: ClientRequest, request: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let answered = false;
    let contentFailure: { error: unknown } | undefined;
    // This listener stays: a late error of the socket without one would end the process.
    outgoing.on('error', (error) => reject(contentFailure ? contentFailure.error : failureOf(error, request)));
    outgoing.once('response', (incoming) => {
      answered = true;
      // The registry still waits for the rest of the body, so this connection cannot serve another request.
      if (!outgoing.writableEnded) incoming.once('close', () => outgoing.destroy());
      resolve(incoming);
    });
    if (!request.body) {
      outgoing.end();
      return;
    }
    write(outgoing, request.body.content, () => answered).catch((error: unknown) => {
      contentFailure = { error };
      reject(error);
      outgoing.destroy();
    });
  });
}

async function write(
  outgoing: ClientRequest,
  content: AsyncIterable<Uint8Array>,
  answered: () => boolean,
): Promise<void> {
  for await (const chunk of content) {
    if (answered() || outgoing.destroyed) return;
    if (!outgoing.write(chunk)) await room(outgoing);
  }
  if (!answered()) outgoing.end();
}

/** Waits until more can be written, or until nothing has to be written any more. */
function room(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'error', 'response']) outgoing.off(event, done);
      resolve();
    };
    if (outgoing.destroyed) return resolve();
    for (const event of ['drain', 'close', 'error', 'response']) outgoing.on(event, done);
  });
}

async function* read(incoming: IncomingMessage, request: HttpRequest): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of incoming) yield chunk;
  } catch (error) {
    throw failureOf(error, request);
  }
}

function discard(incoming: IncomingMessage): void {
  // Nobody waits for this body, so its failure concerns nobody.
  incoming.on('error', () => undefined);
  if (Number(incoming.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= WORTH_DRAINING) incoming.resume();
  else incoming.destroy();
}

/** Names host and path only: the query may hold a signature or a session. */
function failureOf(error: unknown, { method, url, signal }: HttpRequest): unknown {
  if (signal?.aborted) return signal.reason;
  const code = systemCode(error) ?? '';
  const broken = BROKEN.has(code);
  return ociError(
    broken ? 'ERR_OCI_REGISTRY_BROKEN' : 'ERR_OCI_REGISTRY_UNREACHABLE',
    `${method} ${url.host}${url.pathname.slice(0, 300)}: ${broken ? 'the connection broke' : messageOf(error)}`,
    { cause: error, details: { host: url.host, systemCode: code } },
  );
}
