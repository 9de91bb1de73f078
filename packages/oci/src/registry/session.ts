/** A request to a registry as its operations see it: authorised, redirected, tried again, refused with a typed error. */
import { StillframeError } from '@stillframe/core';
import type { ContentOptions } from '../content.ts';
import { ociError } from '../errors.ts';
import { refusalOf } from './answer.ts';
import type { Authorizer, Purpose } from './authorizer.ts';
import type { HttpAnswer, HttpBody, HttpRequest, HttpTransport } from './http.ts';
import { checkHop, type Origin } from './origin.ts';
import { isPassing, pause, type RetryPolicy, retrying } from './retry.ts';

/** One operation's request. */
export interface Call extends ContentOptions {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute, or relative to the registry's origin. */
  readonly url: string | URL;
  readonly purpose: Purpose;
  /** Statuses that are an answer; every other one is thrown as a typed error. */
  readonly accept: readonly number[];
  /** What is asked, for messages: `blob sha256:… of host/repository`. */
  readonly what: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for every try. */
  readonly body?: () => HttpBody;
  /** Whether the request may be sent again after a fault. True by default; a body must then allow it. */
  readonly repeatable?: boolean;
}

/** Bytes of a download after which its tries are counted anew. */
const PROGRESS = 64 << 10;

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Everything that talks to one registry. */
export class Session {
  readonly #origin: Origin;
  readonly retry: RetryPolicy;
  readonly #transport: HttpTransport;
  readonly #authorizer: Authorizer;
  /** Whether the registry has answered anything. */
  #met = false;

  constructor(origin: Origin, transport: HttpTransport, authorizer: Authorizer, retry: RetryPolicy) {
    this.#origin = origin;
    this.retry = retry;
    this.#transport = transport;
    this.#authorizer = authorizer;
  }

  /** The registry's base URL. Throws the errors of the transport where it has to be found out first. */
  origin(options: ContentOptions = {}): Promise<URL> {
    return this.#origin.url(options);
  }

  /** Sends a call. Throws the error of a status that is not accepted, after trying again where that may help. */
  async send(call: Call): Promise<HttpAnswer> {
    const attempt = () => this.#attempt(call);
    return call.repeatable === false ? attempt() : retrying(this.retry, attempt, call.signal);
  }

  /**
   * The body of a GET whose answer is a whole of `size` bytes; after a broken connection it goes on by a range request
   * where the body stopped.
   */
  async *download(call: Call, size: number): AsyncGenerator<Uint8Array, void, undefined> {
    let offset = 0;
    for (let attempt = 1; ; attempt += 1) {
      const begun = offset;
      try {
        for await (const chunk of (await this.#from(call, offset, size)).body) {
          offset += chunk.length;
          // Less is what a registry that drips sends in each try: it would be tried for ever.
          if (offset - begun >= PROGRESS) attempt = 1;
          yield chunk;
        }
        return;
      } catch (error) {
        if (attempt >= this.retry.attempts || !isPassing(error) || offset >= size) throw error;
        await pause(this.retry, attempt + 1, error, call.signal);
      }
    }
  }

  /** The target of a Location header, relative to the answer's own URL. Throws ERR_OCI_REGISTRY_PROTOCOL. */
  location(answer: HttpAnswer): URL {
    return this.#target(answer, answer.headers.location, 'Location');
  }

  /** The page after this one of a list (RFC 8288), where there is one. Throws as location does. */
  nextPage(answer: HttpAnswer): URL | undefined {
    const link = String(answer.headers.link ?? '');
    const next = /<([^<>]{1,4096})>[^,<>]{0,200};\s{0,9}rel="?next"?/.exec(link)?.[1];
    return next === undefined ? undefined : this.#target(answer, next, 'Link');
  }

  #target(answer: HttpAnswer, text: string | undefined, header: string): URL {
    const target = text === undefined ? null : URL.parse(text, answer.url.href);
    if (!target) throw ociError('ERR_OCI_REGISTRY_PROTOCOL', `${answer.url.host} sent no usable ${header}`);
    checkHop(answer.url, target);
    return target;
  }

  async #from(call: Call, offset: number, size: number): Promise<HttpAnswer> {
    if (offset === 0) return this.#attempt(call);
    const headers = { ...call.headers, range: `bytes=${offset}-${size - 1}` };
    const answer = await this.#attempt({ ...call, headers, accept: [200, 206] });
    const sent = answer.headers['content-range'] ?? '';
    if (answer.status === 206 && sent.startsWith(`bytes ${offset}-`)) return answer;
    answer.discard();
    throw ociError('ERR_OCI_RANGE_IGNORED', `${call.what}: broke at byte ${offset} and cannot be continued there`);
  }

  async #attempt(call: Call): Promise<HttpAnswer> {
    const answer = await this.#authorized(call);
    if (call.accept.includes(answer.status)) return answer;
    throw await refusalOf(answer, call.what, this.#authorizer.telling);
  }

  async #authorized(call: Call): Promise<HttpAnswer> {
    const origin = await this.#origin.url(call);
    const answer = await this.#redirected(call, origin, await this.#authorizer.header(call.purpose, call.signal));
    const challenge = answer.headers['www-authenticate'];
    const repeatable = call.body === undefined || call.repeatable !== false;
    // A storage server that we were redirected to has no claim to our credentials.
    if (answer.status !== 401 || !challenge || answer.url.origin !== origin.origin || !repeatable) return answer;
    const header = await this.#authorizer.answer(challenge, call.purpose, call.signal);
    if (header === undefined) return answer;
    answer.discard();
    return this.#redirected(call, origin, header);
  }

  async #redirected(call: Call, origin: URL, authorization: string | undefined): Promise<HttpAnswer> {
    let url = new URL(call.url, origin);
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const own = url.origin === origin.origin;
      const headers = { ...call.headers, ...(own && authorization !== undefined ? { authorization } : {}) };
      const { method, signal } = call;
      const answer = await this.#exchange({ method, url, headers, signal, body: call.body?.() }, own);
      const followed = (method === 'GET' || method === 'HEAD') && REDIRECTS.has(answer.status);
      if (!followed) return answer;
      answer.discard();
      url = this.location(answer);
    }
    throw ociError('ERR_OCI_REGISTRY_PROTOCOL', `${call.what}: more than ${MAX_REDIRECTS} redirects`);
  }

  async #exchange(request: HttpRequest, own: boolean): Promise<HttpAnswer> {
    try {
      const answer = await this.#transport.send(request);
      if (own) this.#met = true;
      return answer;
    } catch (error) {
      throw own && this.#met && isRefused(error)
        ? ociError('ERR_OCI_REGISTRY_BROKEN', error.message, { cause: error, details: error.details })
        : error;
    }
  }
}

/** Nobody listens. Of a registry that has just answered, that is a restart, which passes; at the first contact it is a wrong address. */
function isRefused(error: unknown): error is StillframeError {
  if (!StillframeError.is(error) || error.code !== 'ERR_OCI_REGISTRY_UNREACHABLE') return false;
  return error.details['systemCode'] === 'ECONNREFUSED';
}
