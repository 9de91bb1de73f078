/** One HTTP exchange over node:http(s): streamed both ways, with an exact Content-Length, which fetch does not promise. */
import type { ClientRequest, Agent as HttpAgent, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { AgentOptions, Agent as HttpsAgent } from 'node:https';
import { harmless, messageOf, systemCode } from '@stillframe/core';
import { ociError } from '../errors.ts';
import { sendBody } from './send-body.ts';

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

/** Certificates that are trusted, perhaps with one to show. */
export type SecureContext = NonNullable<AgentOptions['secureContext']>;

/** What TLS connections rely on. */
export interface Certificates {
  /** For the registry's own host, where something is laid ready for that: perhaps with a client certificate. */
  readonly own?: SecureContext | undefined;
  /** For every host that a registry sends on to: the same authorities, and nothing to show. Node.js' own by default. */
  readonly others?: SecureContext | undefined;
}

/** Options of HttpTransport. */
export interface TransportOptions {
  /** Asked once, before the first connection that may need them. */
  certificates?: (() => Promise<Certificates>) | undefined;
  /** Host with port, as URLs have them, that `Certificates.own` is for. */
  ownHost?: string | undefined;
  /** Takes any certificate of any server. */
  unverified?: boolean | undefined;
  /** Milliseconds without a byte in either direction until a connection counts as broken; 120,000 by default. */
  idleTimeout?: number | undefined;
  /** Bytes of an answer that must come in each `idleTimeout` of waiting for them; 65,536 by default. */
  leastBytes?: number | undefined;
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

/** What the verification of a certificate ends with (node:tls), for which the network is not to blame. */
const UNTRUSTED =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|INVALID_\w+|ERR_TLS_CERT_\w+|ERR_SSL_.+|EPROTO)$/;

/** Loaded with the first request: node:http brings so much that reading a file would take half as long again. */
const http = () => import('node:http');
const https = () => import('node:https');

/** Keeps connections between requests; disposal closes them. */
export class HttpTransport implements Disposable {
  #plain: HttpAgent | undefined;
  readonly #options: TransportOptions;
  readonly #idleTimeout: number;
  readonly #leastBytes: number;
  #certificates: Promise<Certificates> | undefined;
  readonly #secure = new Map<SecureContext | undefined, HttpsAgent>();

  constructor(options: TransportOptions = {}) {
    this.#options = options;
    this.#idleTimeout = options.idleTimeout ?? 120_000;
    this.#leastBytes = options.leastBytes ?? 64 << 10;
  }

  /** Whether certificates are laid ready for the registry's own host. Throws what reading them throws. */
  async hasOwnCertificates(): Promise<boolean> {
    return (await this.#laidReady()).own !== undefined;
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
    const agent = secure ? await this.#agentFor(url) : await this.#plainAgent();
    const outgoing = (secure ? await https() : await http()).request(url, { ...options, agent });
    outgoing.on('timeout', () =>
      outgoing.destroy(Object.assign(new Error('no byte for too long'), { code: 'ETIMEDOUT' })),
    );
    endWith(outgoing, signal);
    const incoming = await exchange(outgoing, request);
    const pace = { least: this.#leastBytes, within: this.#idleTimeout };
    return {
      url,
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: { [Symbol.asyncIterator]: () => read(incoming, request, pace) },
      discard: () => discard(incoming),
    };
  }

  [Symbol.dispose](): void {
    this.#plain?.destroy();
    for (const agent of this.#secure.values()) agent.destroy();
  }

  #laidReady(): Promise<Certificates> {
    this.#certificates ??= this.#options.certificates?.() ?? Promise.resolve({});
    return this.#certificates;
  }

  async #plainAgent(): Promise<HttpAgent> {
    const { Agent } = await http();
    this.#plain ??= new Agent({ keepAlive: true });
    return this.#plain;
  }

  /** A client certificate says who one is, so only the registry itself is shown it. */
  async #agentFor(url: URL): Promise<HttpsAgent> {
    const { own, others } = await this.#laidReady();
    const { Agent } = await https();
    const secureContext = url.host === this.#options.ownHost ? (own ?? others) : others;
    const known = this.#secure.get(secureContext);
    if (known) return known;
    const trust = this.#options.unverified ? { rejectUnauthorized: false } : {};
    const agent = new Agent({ keepAlive: true, ...trust, ...(secureContext && { secureContext }) });
    this.#secure.set(secureContext, agent);
    return agent;
  }
}

/**
 * Ends the request when `signal` aborts, and no longer than the request lasts. The option of http.request does it longer:
 * it then destroys the socket that has gone back to the pool, whose error nobody hears, and the process ends.
 */
function endWith(outgoing: ClientRequest, signal: AbortSignal | undefined): void {
  if (!signal) return;
  const abort = () => outgoing.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  if (signal.aborted) abort();
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
    sendBody(outgoing, request.body.content, () => answered).catch((error: unknown) => {
      contentFailure = { error };
      reject(error);
      outgoing.destroy();
    });
  });
}

/** Bytes that must come in so many milliseconds. Only waiting counts: a reader that is slow itself blames nobody. */
interface Pace {
  readonly least: number;
  readonly within: number;
}

async function* read(
  incoming: IncomingMessage,
  request: HttpRequest,
  { least, within }: Pace,
): AsyncGenerator<Uint8Array, void, undefined> {
  let came = 0;
  let waited = 0;
  try {
    let since = performance.now();
    for await (const chunk of incoming) {
      came += chunk.length;
      waited += performance.now() - since;
      // A drip that never ends looks alive to a time-out of silence, and would hold the command for ever.
      if (waited > within && came < least)
        throw Object.assign(new Error(`${came} bytes in ${Math.round(waited)} ms`), { code: 'ETIMEDOUT' });
      if (waited > within) [came, waited] = [0, 0];
      yield chunk;
      since = performance.now();
    }
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
  const place = `${method} ${url.host}${url.pathname.slice(0, 300)}`;
  if (UNTRUSTED.test(code)) return untrusted(error, code, { place, host: url.host });
  const broken = BROKEN.has(code);
  return ociError(
    broken ? 'ERR_OCI_REGISTRY_BROKEN' : 'ERR_OCI_REGISTRY_UNREACHABLE',
    `${place}: ${broken ? 'the connection broke' : messageOf(error)}`,
    { cause: error, details: { host: url.host, systemCode: code } },
  );
}

/** OpenSSL's own words are of no use to anybody: they name files of its source. */
function untrusted(cause: unknown, code: string, { place, host }: { place: string; host: string }) {
  const told = `${code} ${messageOf(cause)}`;
  const plain = /wrong.version.number|packet.length.too.long|http.request/i.test(told);
  const fact = plain
    ? 'it does not speak TLS'
    : /alert.*certificate/i.test(told)
      ? 'it wants a client’s certificate of an authority that it trusts'
      : /^(?:EPROTO|ERR_SSL_)/.test(code)
        ? `TLS was refused (${code})`
        : `its certificate is not trusted: ${messageOf(cause)}`;
  const hint = plain
    ? { hint: 'it is reached only where it is said to be insecure (containers-registries.conf(5))' }
    : {};
  const facts = { cause, details: { host, systemCode: code }, ...hint };
  return ociError('ERR_OCI_REGISTRY_UNTRUSTED', `${place}: ${harmless(fact)}`, facts);
}
