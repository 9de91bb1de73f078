/** What an API server's answers mean: a Status (`meta/v1`) where it says no. */
import { harmless, isObject, type JsonObject, nestsDeeper, type StillframeError, textAt } from '@stillframe/core';
import { clusterError } from '../errors.ts';

/** An answer, its body read whole. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** Levels of a document: schemas of custom resources have about 30. */
const DEEPEST = 200;
/** Characters of a message that are shown. */
const LONGEST = 2000;

/** The body as a JSON object, from its text or its bytes. Throws ERR_CLUSTER_ANSWER. */
export function documentIn(body: string | Buffer): JsonObject {
  const text = String(body);
  try {
    if (nestsDeeper(typeof body === 'string' ? Buffer.from(body) : body, DEEPEST)) throw new Error('it nests too deep');
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (cause) {
    throw clusterError('ERR_CLUSTER_ANSWER', `the answer is no JSON: ${excerpt(text)}`, { cause });
  }
  throw clusterError('ERR_CLUSTER_ANSWER', `the answer is no JSON object: ${excerpt(text)}`);
}

/** The API server's own no; undefined where somebody behind it wrote the body. */
export function statusIn(body: string): JsonObject | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    const document = documentIn(body);
    return document['kind'] === 'Status' ? document : undefined;
  } catch {
    return undefined;
  }
}

/** The error that an answer beyond 299 stands for. `asked`: what it was about, as `pod default/web`. */
export function failureOf({ status, body }: ApiAnswer, asked: string): StillframeError {
  const said = excerpt(textAt(statusIn(body), 'message') || body);
  const details = { status, reason: textAt(statusIn(body), 'reason') };
  if (status === 401) {
    return clusterError('ERR_CLUSTER_CREDENTIALS', `the API server does not know who asks: ${said}`, { details });
  }
  if (status === 403) return forbidden(said, details);
  if (status === 404) return clusterError('ERR_CLUSTER_NOT_FOUND', `${asked}: ${said}`, { details });
  if (status === 409 && details.reason === 'AlreadyExists') {
    return clusterError('ERR_CLUSTER_EXISTS', said, { details });
  }
  if (status === 409) return clusterError('ERR_CLUSTER_CONFLICT', `${asked}: ${said}`, { details });
  if (status === 410) return clusterError('ERR_CLUSTER_GONE', `${asked}: ${said}`, { details });
  if (status === 504 || status === 408) return clusterError('ERR_CLUSTER_TIMEOUT', `${asked}: ${said}`, { details });
  if (status === 429 || status === 502 || status === 503) {
    return clusterError('ERR_CLUSTER_UNREACHABLE', `the API server answers ${status}: ${said}`, { details });
  }
  return clusterError('ERR_CLUSTER_REFUSED', `${asked}: the API server answers ${status}: ${said}`, { details });
}

/** `nodes "n" is forbidden: User "u" cannot create resource "nodes/proxy" in API group "" at the cluster scope`. */
const LACKING = /User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]*)")?/;

function forbidden(said: string, details: Readonly<Record<string, unknown>>): StillframeError {
  const lacking = LACKING.exec(said);
  if (!lacking) {
    const hint = /PodSecurity/.test(said)
      ? 'the pod’s namespace forbids such pods; name another with --fetch-namespace'
      : undefined;
    return clusterError(hint ? 'ERR_CLUSTER_REFUSED' : 'ERR_CLUSTER_FORBIDDEN', said, {
      details,
      ...(hint ? { hint } : {}),
    });
  }
  const [, user, verb, resource, group = '', kubeNamespace] = lacking;
  const kind = kubeNamespace === undefined ? 'ClusterRole' : `Role in the namespace ${kubeNamespace}`;
  const hint = `a ${kind} with apiGroups ["${group}"], resources ["${resource}"] and verbs ["${verb}"] allows it`;
  const facts = { user, verb, resource, group, ...(kubeNamespace === undefined ? {} : { kubeNamespace }) };
  return clusterError('ERR_CLUSTER_FORBIDDEN', said, { details: { ...details, ...facts }, hint });
}

/** One harmless line of it. */
export function excerpt(text: string): string {
  const line = harmless(text.trim().slice(0, LONGEST));
  return line === '' ? '(nothing)' : line;
}
