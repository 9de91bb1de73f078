/** Questions to a cluster's API server: JSON documents, verbatim, with bounds on size and time. */
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { type JsonObject, listAt, messageOf, StillframeError, systemCode, textAt } from '@stillframe/core';
import type { ClusterAccess, Credentials } from '../access/access.ts';
import { clusterError } from '../errors.ts';
import { type ApiAnswer, documentIn, failureOf } from './answer.ts';

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Until the whole answer is there; 60 by default. */
  seconds?: number;
  /** Bytes of the answer; 64 MiB by default. */
  most?: number;
}

/** What one request may be. */
export interface Question extends CallOptions {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the server's address on, with its query. */
  path: string;
  body?: unknown;
  contentType?: string;
}

/** An answer whose body goes on; who does not read it to its end aborts the question's signal. */
export interface ApiStream {
  readonly status: number;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface ApiOptions {
  /** Before each request: may wait, and throws where it must not be sent. */
  admit?: (question: Question) => Promise<void> | void;
  /** After each answer. */
  answered?: (question: Question, status: number) => void;
}

/** A cluster's API server. Paths are made with `apiPath`. Everything throws ERR_CLUSTER_*, or the reason of the signal. */
export interface ClusterApi {
  readonly access: ClusterAccess;
  /** Whatever status it answers; throws only where there is no answer. */
  ask(question: Question): Promise<ApiAnswer>;
  /** As `ask`, with the body piece by piece as it comes: `seconds` are then until the answer begins. */
  stream(question: Question): Promise<ApiStream>;
  get(path: string, options?: CallOptions): Promise<JsonObject>;
  /** Every item of a list, page by page. */
  list(path: string, query: Readonly<Record<string, string>>, options?: CallOptions): Promise<readonly unknown[]>;
  text(path: string, options?: CallOptions): Promise<string>;
  create(path: string, document: unknown, options?: CallOptions): Promise<JsonObject>;
  /** All of a document; its resourceVersion must be that of what stands there. */
  replace(path: string, document: unknown, options?: CallOptions): Promise<JsonObject>;
  /** A merge patch. */
  patch(path: string, change: unknown, options?: CallOptions): Promise<JsonObject>;
  /** What is gone already is no failure. `uid`: only if it is still that one. */
  remove(path: string, options?: CallOptions & { uid?: string | undefined; graceSeconds?: number }): Promise<void>;
}

const SECONDS = 60;
const LARGEST = 64 << 20;
const PAGE = '500';
/** Pages of a list: 500,000 items; and characters of all of them together. */
const PAGES = 1000;
const LONGEST_LIST = 256 << 20;

/** A path of these names, each escaped. Throws ERR_CLUSTER_NOT_FOUND for a name that would be another path. */
export function apiPath(...names: readonly string[]): string {
  const wrong = names.find((name) => /^\.{0,2}$/.test(name));
  if (wrong !== undefined) throw clusterError('ERR_CLUSTER_NOT_FOUND', `${JSON.stringify(wrong)} is no name`);
  return `/${names.map(encodeURIComponent).join('/')}`;
}

export function openClusterApi(access: ClusterAccess, { admit, answered }: ApiOptions = {}): ClusterApi {
  const begin = async <T extends { status: number }>(
    question: Question,
    sending: (server: string, credentials: Credentials, question: Question) => Promise<T>,
  ): Promise<T> => {
    question.signal?.throwIfAborted();
    await admit?.(question);
    const answer = await sending(access.server, await access.credentials(), question);
    answered?.(question, answer.status);
    return answer;
  };
  const ask = (question: Question) => begin(question, send);
  const demand = async (question: Question): Promise<ApiAnswer> => {
    const answer = await ask(question);
    if (answer.status < 200 || answer.status > 299) {
      throw failureOf(answer, `${question.method} ${question.path.split('?')[0]}`);
    }
    return answer;
  };
  const document = async (question: Question) => documentIn((await demand(question)).body);
  return {
    access,
    ask,
    stream: (question) => begin(question, sendForStream),
    get: (path, options = {}) => document({ ...options, method: 'GET', path }),
    async list(path, query, { signal } = {}) {
      const items: unknown[] = [];
      let page: string | undefined;
      let size = 0;
      for (let pages = 0; pages < PAGES; pages += 1) {
        const parts = new URLSearchParams({ ...query, limit: PAGE, ...(page === undefined ? {} : { continue: page }) });
        const { body } = await demand({ method: 'GET', path: `${path}?${parts}`, signal });
        size += body.length;
        if (size > LONGEST_LIST)
          throw clusterError('ERR_CLUSTER_ANSWER', `${path} is larger than ${LONGEST_LIST} bytes`);
        const found = documentIn(body);
        items.push(...listAt(found, 'items'));
        page = textAt(found, 'metadata', 'continue');
        if (page === '') return items;
      }
      throw clusterError('ERR_CLUSTER_ANSWER', `${path} has more than ${PAGES} pages`);
    },
    text: async (path, options = {}) => (await demand({ ...options, method: 'GET', path })).body,
    replace: (path, body, options = {}) => document({ ...options, method: 'PUT', path, body }),
    create: (path, body, options = {}) => document({ ...options, method: 'POST', path, body }),
    patch: (path, body, { signal } = {}) =>
      document({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json', signal }),
    async remove(path, { signal, uid, graceSeconds } = {}) {
      const body = {
        ...{ kind: 'DeleteOptions', apiVersion: 'v1' },
        ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      };
      const answer = await ask({ method: 'DELETE', path, body, signal });
      // Another one of that name is not what was to go.
      const gone = answer.status === 404 || (answer.status === 409 && uid !== undefined);
      if (!gone && answer.status > 299) throw failureOf(answer, `DELETE ${path}`);
    },
  };
}

async function send(server: string, credentials: Credentials, question: Question): Promise<ApiAnswer> {
  return await reaching(server, question, async (ending) => {
    const response = await connect(server, credentials, question, ending);
    return { status: response.statusCode ?? 0, body: await readWhole(response, question.most ?? LARGEST) };
  });
}

async function sendForStream(server: string, credentials: Credentials, question: Question): Promise<ApiStream> {
  return await reaching(server, question, async (ending) => {
    const response = await connect(server, credentials, question, ending);
    return { status: response.statusCode ?? 0, body: response as AsyncIterable<Uint8Array> };
  });
}

/** Runs it in the question's time, and says what its failure means: the caller's end, the end of the time, or no server. */
async function reaching<T>(
  server: string,
  { seconds = SECONDS, signal }: Question,
  run: (ending: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.timeout, which would be kept for all of its time after each of many quick answers.
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), Math.min(seconds * 1000, 2 ** 31 - 1));
  try {
    return await run(AbortSignal.any([limit.signal, ...(signal ? [signal] : [])]));
  } catch (cause) {
    signal?.throwIfAborted();
    const { host } = new URL(server);
    if (limit.signal.aborted) {
      throw clusterError('ERR_CLUSTER_TIMEOUT', `no answer from ${host} in ${seconds} s`, { cause });
    }
    throw failureToReach(host, cause);
  } finally {
    clearTimeout(timer);
  }
}

/** The beginning of the answer. */
async function connect(
  server: string,
  credentials: Credentials,
  { method, path, body, contentType = 'application/json' }: Question,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const url = new URL(server + path);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const sending =
    text === undefined ? {} : { 'content-type': contentType, 'content-length': String(Buffer.byteLength(text)) };
  const headers = { ...credentials.headers, accept: 'application/json', ...sending };
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, { ...defined(credentials), method, headers, signal });
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.on('upgrade', (_response, socket) => {
      socket.destroy();
      reject(clusterError('ERR_CLUSTER_ANSWER', `${url.host} changes the protocol unasked`));
    });
    sent.on('close', () => reject(new Error('the connection ended')));
    sent.end(text);
  });
}

async function readWhole(response: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw clusterError('ERR_CLUSTER_ANSWER', `the answer is larger than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Node.js tells `undefined` from absent in TLS options. */
export function defined({ headers: _, ...options }: Credentials): RequestOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** The error of a connection that could not be made, or ended. */
export function failureToReach(host: string, cause: unknown): unknown {
  if (StillframeError.is(cause)) return cause;
  const code = systemCode(cause);
  if (code !== undefined && /CERT|SIGNED|ISSUER|ALTNAME|UNABLE_TO/.test(code)) {
    return clusterError('ERR_CLUSTER_UNTRUSTED', `no secure connection to ${host}: ${messageOf(cause)}`, { cause });
  }
  return clusterError('ERR_CLUSTER_UNREACHABLE', `${host} does not answer: ${messageOf(cause)}`, { cause });
}
