/** What a request asks for, in the words in which Kubernetes judges it (kubelet's server/auth.go). */

/** Rights that are judged, one after the other, until one is given. */
export interface Attributes {
  /** `create`, `get`, `update`, `patch`, `delete`; empty for any other method, which no rule gives. */
  readonly verb: string;
  /** Below `nodes`, the finest first. */
  readonly subresources: readonly string[];
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** First segment of a path, and the subresources that may allow it. Everything else is `proxy`. */
const SUBRESOURCES: Readonly<Record<string, readonly string[]>> = {
  stats: ['stats'],
  metrics: ['metrics'],
  logs: ['log'],
  checkpoint: ['checkpoint'],
  pods: ['pods', 'proxy'],
  runningpods: ['pods', 'proxy'],
  healthz: ['healthz', 'proxy'],
  configz: ['configz', 'proxy'],
  statusz: ['statusz', 'proxy'],
};

/** Every subresource of nodes that a rule may name. */
export const NODE_SUBRESOURCES: readonly string[] = [...new Set(Object.values(SUBRESOURCES).flat())];

/**
 * The attributes of a request by its method and the first segment of its path, decoded as the router sees it: what is
 * judged must be what is done.
 */
export function attributesOf(method: string, first: string): Attributes {
  const subresources = (Object.hasOwn(SUBRESOURCES, first) ? SUBRESOURCES[first] : undefined) ?? ['proxy'];
  return { verb: VERBS[method] ?? '', subresources };
}
