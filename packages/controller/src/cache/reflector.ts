/**
 * Keeps a store as a list in the cluster is: read page by page once, then watched from there. Where a watch ends or breaks off it goes
 * on from what was seen last; only where that version is gone (410), or what follows is no event, all is read again.
 */
import { isCode, isObject, type JsonObject, type Logger, listAt, messageOf, textAt } from '@stillframe/core';
import { type ClusterApi, watchList } from '@stillframe/kubernetes';
import { backoff, type Clock, sleep } from '../clock.ts';
import type { Store } from './store.ts';

export interface Reflection<T> {
  readonly api: ClusterApi;
  readonly path: string;
  readonly store: Store<T>;
  /** What of an object is kept: little, since all of a cluster is. Undefined for what is not looked at. */
  readonly decode: (document: JsonObject) => T | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
  /** All has been read once. */
  readonly onSynced?: () => void;
}

/** Objects of a page. */
const PAGE = 500;
/** Bytes of a page. */
const LARGEST = 16 << 20;
/** Objects of a list: a cluster has 150,000 pods. */
const MOST = 300_000;
/** Seconds that one watch lasts: between this and twice as much, so that not all are made anew at once. */
const SECONDS = 300;
/** Milliseconds that a watch may be silent after its end was due: then its connection is dead. */
const LATE = 30_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** Milliseconds that a watch must have stood to be no failure. */
const STOOD = 5000;

/** `NAMESPACE/NAME`, or `NAME`. */
export function keyOf(document: unknown): string {
  const [kubeNamespace, name] = [textAt(document, 'metadata', 'namespace'), textAt(document, 'metadata', 'name')];
  return kubeNamespace === '' ? name : `${kubeNamespace}/${name}`;
}

/** Goes on until the signal, and throws its reason. */
export async function reflect<T>(reflection: Reflection<T>, signal: AbortSignal): Promise<never> {
  const { path, clock, log, onSynced, random } = reflection;
  let tries = 0;
  let version: string | undefined;
  for (;;) {
    const begin = clock.monotonic();
    try {
      if (version === undefined) {
        version = await readAll(reflection, signal);
        onSynced?.();
      }
      version = await follow(reflection, version, signal, (seen) => {
        version = seen;
      });
      tries = clock.monotonic() - begin < STOOD ? tries + 1 : 0;
    } catch (error) {
      signal.throwIfAborted();
      if (clock.monotonic() - begin >= STOOD) tries = 0;
      tries += 1;
      // What one event is refused for would be sent again by a watch from there, and hold up all that comes behind it.
      if (isCode(error, 'ERR_CLUSTER_GONE') || isCode(error, 'ERR_CLUSTER_ANSWER')) version = undefined;
      log.log('warn', 'a list is not followed for a moment', { path, reason: messageOf(error) });
    }
    if (tries > 0) await sleep(clock, backoff(tries - 1, FIRST_WAIT, LONGEST_WAIT, random), signal);
  }
}

/** The version that the list is of. A list whose pages expired meanwhile throws ERR_CLUSTER_GONE. */
async function readAll<T>({ api, path, store, decode }: Reflection<T>, signal: AbortSignal): Promise<string> {
  const seen = new Set<string>();
  let page = '';
  let limit = PAGE;
  for (;;) {
    const query = new URLSearchParams({ limit: String(limit), ...(page === '' ? {} : { continue: page }) });
    let found: JsonObject;
    try {
      found = await api.get(`${path}?${query}`, { signal, most: LARGEST });
    } catch (error) {
      // Whoever makes large objects must not keep all others from being read.
      if (!isCode(error, 'ERR_CLUSTER_ANSWER') || limit === 1) throw error;
      limit = Math.ceil(limit / 8);
      continue;
    }
    for (const item of listAt(found, 'items')) {
      if (!isObject(item) || seen.size >= MOST) continue;
      const value = decode(item);
      if (value === undefined) continue;
      const key = keyOf(item);
      seen.add(key);
      store.put(key, value);
    }
    page = textAt(found, 'metadata', 'continue');
    if (page !== '') continue;
    for (const key of [...store.keys()]) if (!seen.has(key)) store.remove(key);
    return textAt(found, 'metadata', 'resourceVersion');
  }
}

/** Until the API server ends the watch; the version that was seen last. */
async function follow<T>(
  { api, path, store, decode, clock, random = Math.random }: Reflection<T>,
  from: string,
  signal: AbortSignal,
  saw: (version: string) => void,
): Promise<string> {
  const timeout = Math.round(SECONDS * (1 + random()));
  const dead = new AbortController();
  const forget = clock.after(timeout * 1000 + LATE, () => dead.abort(new Error('the watch is silent')));
  let version = from;
  try {
    const ending = AbortSignal.any([signal, dead.signal]);
    for await (const { type, object } of watchList(api, path, { resourceVersion: from, timeout, signal: ending })) {
      if (type !== 'BOOKMARK') {
        const value = type === 'DELETED' ? undefined : decode(object);
        if (value === undefined) store.remove(keyOf(object));
        else store.put(keyOf(object), value);
      }
      version = textAt(object, 'metadata', 'resourceVersion') || version;
      saw(version);
    }
    return version;
  } finally {
    forget();
  }
}
