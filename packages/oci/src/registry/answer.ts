/** Reading answers: bounded bodies, and the error document of the distribution specification. */
import { harmless, isObject, StillframeError } from '@stillframe/core';
import { ociError } from '../errors.ts';
import { decodeObject } from '../json.ts';
import type { HttpAnswer } from './http.ts';

/** Most bytes read of the body of an error. */
const ERROR_BODY = 64 << 10;
/** Most characters of a registry's own words in a message. */
const QUOTED = 300;

/** The whole body. Throws ERR_OCI_DOCUMENT_TOO_LARGE above `limit` bytes. */
export async function readBody(answer: HttpAnswer, limit: number, what: string): Promise<Uint8Array> {
  const { bytes, whole } = await readUpTo(answer, limit);
  if (!whole) throw ociError('ERR_OCI_DOCUMENT_TOO_LARGE', `${what} has more than ${limit} bytes`);
  return bytes;
}

/** Bytes of the body; undefined where the answer does not say. */
export function lengthOf(answer: HttpAnswer): number | undefined {
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  return Number.isSafeInteger(length) ? length : undefined;
}

/** Media type of the body; undefined where the answer says none, or one that says nothing. */
export function typeOf(answer: HttpAnswer): string | undefined {
  const type = answer.headers['content-type']?.split(';')[0]?.trim();
  return type === undefined || type === '' || type === 'application/json' ? undefined : type;
}

/** An error as the registry told it: the first code and message, both untrusted. */
export interface RegistryFault {
  code: string;
  message: string;
}

/** Options of refusalOf. */
export interface RefusalOptions {
  conceal?: ((text: string) => string) | undefined;
  login?: string | undefined;
}

/**
 * The typed error for an answer that is not the one hoped for; reads at most 64 KiB of its body. `what` says what was
 * asked. `conceal` takes secrets out of the registry's own words. `details` holds `status`, `registryCode` and, where
 * the registry sent one, `retryAfter` in milliseconds. `login` says of a 401 what to do about it.
 */
export async function refusalOf(
  answer: HttpAnswer,
  what: string,
  { conceal = (text) => text, login }: RefusalOptions = {},
): Promise<StillframeError> {
  const { status } = answer;
  const { bytes } = await readUpTo(answer, ERROR_BODY);
  const fault = faultIn(bytes);
  const told = fault ? `: ${harmless(conceal(`${fault.code} ${fault.message}`)).slice(0, QUOTED)}` : '';
  const retryAfter = Number(answer.headers['retry-after']) * 1000;
  const registryCode = fault ? harmless(fault.code).slice(0, 64) : undefined;
  const details = { status, registryCode, ...(Number.isFinite(retryAfter) && { retryAfter }) };
  const code = codeFor(status, fault?.code);
  const hint = code === 'ERR_OCI_REGISTRY_UNAUTHORIZED' && login !== undefined ? { hint: login } : {};
  return ociError(code, `${what}: the registry answered ${status}${told}`, { details, ...hint });
}

function codeFor(status: number, code: string | undefined) {
  if (status === 429 || code === 'TOOMANYREQUESTS') return 'ERR_OCI_REGISTRY_THROTTLED';
  if (status === 401) return 'ERR_OCI_REGISTRY_UNAUTHORIZED';
  if (status === 403) return 'ERR_OCI_REGISTRY_DENIED';
  if (code === 'DIGEST_INVALID') return 'ERR_OCI_CONTENT_WRONG';
  if (code === 'SIZE_INVALID') return 'ERR_OCI_CONTENT_SHORT';
  if (code === 'BLOB_UNKNOWN') return 'ERR_OCI_BLOB_UNKNOWN';
  if (code === 'MANIFEST_UNKNOWN' || code === 'NAME_UNKNOWN') return 'ERR_OCI_MANIFEST_UNKNOWN';
  if (status >= 500 && status !== 501) return 'ERR_OCI_REGISTRY_UNAVAILABLE';
  return 'ERR_OCI_REGISTRY_REFUSED';
}

function faultIn(bytes: Uint8Array): RegistryFault | undefined {
  let errors: unknown;
  try {
    errors = decodeObject(bytes, 'error')['errors'];
  } catch {
    // Proxies answer in HTML; the status alone has to do then.
    return undefined;
  }
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (!isObject(first) || typeof first['code'] !== 'string') return undefined;
  return { code: first['code'], message: typeof first['message'] === 'string' ? first['message'] : '' };
}

async function readUpTo(answer: HttpAnswer, limit: number): Promise<{ bytes: Uint8Array; whole: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, limit), whole: length <= limit };
}

/** Gives a plain 404, as storage servers answer, the code that the registry itself would have used. */
export async function* namingUnknown(bytes: AsyncGenerator<Uint8Array, void, undefined>) {
  try {
    yield* bytes;
  } catch (error) {
    const missing = StillframeError.is(error) && error.details['status'] === 404;
    throw missing ? ociError('ERR_OCI_BLOB_UNKNOWN', error.message, { cause: error, details: error.details }) : error;
  }
}
