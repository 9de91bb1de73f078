/** One signed request (Signature Version 4), and what its answer means. */
import { createHash } from 'node:crypto';
import { harmless, messageOf, StillframeError, systemCode } from '@stillframe/core';
import { AwsV4Signer } from 'aws4fetch';
import { s3Error } from './errors.ts';
import { elementText } from './xml.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface S3Place {
  /** Scheme, host and port; objects are addressed by path below it. */
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
  /** Asked for each request: they may be others by then. */
  readonly credentials: () => Promise<S3Credentials>;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Milliseconds until an answer must be there, beside what the body takes; a minute by default. */
  readonly patience?: number;
  /** Statuses that are answers; any other one is thrown as an error. */
  readonly accept: readonly number[];
  readonly signal: AbortSignal;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  /** At most `LONGEST` characters. */
  readonly text: string;
}

/** Characters of an answer: a thousand parts take less than half of it. */
const LONGEST = 1 << 20;
/** Milliseconds that a request may take beside what its body does. */
const PATIENCE = 60_000;
/** Bytes a second below which a connection counts as broken. */
const SLOWEST = 32 << 10;
/** Statuses for which a store asks to be tried again later. */
const LATER = new Set([408, 409, 429, 500, 502, 503, 504]);

/** Throws ERR_S3_…, and the reason of the signal. */
export async function send(place: S3Place, request: S3Request): Promise<S3Answer> {
  const { method, key, body, signal } = request;
  const what = `${method} ${harmless(key).slice(0, 300)}`;
  signal.throwIfAborted();
  const signed = await sign(place, request);
  const patience = AbortSignal.timeout(
    (request.patience ?? PATIENCE) + Math.ceil(((body?.length ?? 0) / SLOWEST) * 1000),
  );
  try {
    const answer = await fetch(signed.url, {
      method,
      headers: signed.headers,
      // A request that was signed for one host is no other's business.
      redirect: 'manual',
      signal: AbortSignal.any([signal, patience]),
      ...(body ? { body: body as Uint8Array<ArrayBuffer> } : {}),
    });
    const text = method === 'HEAD' ? '' : await textOf(answer, what);
    const { status, headers } = answer;
    if (request.accept.includes(status)) return { status, headers, text };
    throw refusal(what, status, text);
  } catch (error) {
    signal.throwIfAborted();
    if (StillframeError.is(error)) throw error;
    // fetch says "fetch failed" alone, and why in the cause.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const fact = patience.aborted ? 'no answer in time' : (systemCode(cause) ?? messageOf(cause));
    throw s3Error('ERR_S3_UNREACHABLE', `${what}: ${place.endpoint.host} cannot be reached: ${harmless(fact)}`, {
      cause: error,
    });
  }
}

/** SHA-256 as S3 writes it. */
export function checksumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

async function sign(place: S3Place, { method, key, query = {}, headers = {}, body }: S3Request) {
  const url = new URL(place.endpoint);
  const base = url.pathname.replace(/\/+$/, '');
  url.pathname = `${base}/${[place.bucket, ...key.split('/')].map(encoded).join('/')}`;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const { accessKeyId, secretAccessKey, sessionToken } = await place.credentials();
  const hash = createHash('sha256')
    .update(body ?? '')
    .digest('hex');
  return await new AwsV4Signer({
    ...{ method, url: url.href, accessKeyId, secretAccessKey },
    ...(sessionToken === undefined ? {} : { sessionToken }),
    headers: { ...headers, 'x-amz-content-sha256': hash },
    ...{ service: 's3', region: place.region },
  }).sign();
}

/** As the signature wants paths: every byte but letters, digits and `-._~`. */
function encoded(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

async function textOf(answer: Response, what: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > LONGEST) throw s3Error('ERR_S3_PROTOCOL', `${what}: the answer is longer than any sound one`);
  }
  return text + decoder.decode();
}

/** The error of an answer: by its status, in the store's own words. Also of one that begins with 200 and is none. */
export function refusal(what: string, status: number, text: string): StillframeError {
  const code = (elementText(text, 'Code') ?? '').slice(0, 100);
  const words = (elementText(text, 'Message') ?? '').slice(0, 300);
  const said = [`status ${status}`, code, words].filter((each) => each !== '').map(harmless);
  const message = `${what}: ${said.join(', ')}`;
  const details = { details: { status, code } };
  if (LATER.has(status) || code === 'SlowDown' || code === 'InternalError')
    return s3Error('ERR_S3_UNAVAILABLE', message, details);
  if (status === 401 || status === 403) return s3Error('ERR_S3_DENIED', message, details);
  if (status === 404) return s3Error('ERR_S3_NOT_FOUND', message, details);
  if (status >= 300 && status < 400)
    return s3Error('ERR_S3_REFUSED', message, { ...details, hint: 'is that the endpoint of the bucket’s region?' });
  return s3Error('ERR_S3_REFUSED', message, details);
}
