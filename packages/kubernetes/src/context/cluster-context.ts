/**
 * What the cluster knew of a pod when it was captured: documents as the API server told them. What could not be had says why: a
 * user who may checkpoint need not be allowed to read roles.
 */
import { harmless, type JsonObject, messageOf } from '@stillframe/core';
import { apiPath, type CallOptions, type ClusterApi } from '../api/cluster-api.ts';
import { type FoundPod, podPath } from '../pods/pod.ts';
import { networkPoliciesOf } from './network-policies.ts';
import { ownersOf } from './owners.ts';
import { rightsOf } from './rights.ts';

/** A part, or why it is not there. */
export type Part<T> = { readonly found: T } | { readonly absent: string };

/** `found` is verbatim; nothing of it has been checked. */
export interface ClusterContext {
  /** RFC 3339, before the first and after the last question. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly server: string;
  readonly context: string;
  readonly serverVersion: Part<JsonObject>;
  readonly pod: JsonObject;
  /** The pod as it was after the capture, where it is still there. */
  readonly podAfter: Part<JsonObject>;
  readonly node: Part<JsonObject>;
  readonly events: Part<readonly unknown[]>;
  /** From the pod's own owner upwards. */
  readonly owners: Part<readonly JsonObject[]>;
  readonly serviceAccount: Part<JsonObject>;
  readonly rights: Part<Awaited<ReturnType<typeof rightsOf>>>;
  readonly networkPolicies: Part<Awaited<ReturnType<typeof networkPoliciesOf>>>;
  /** The end of each container's log, and of the one before it. */
  readonly logs: Readonly<Record<string, { current: Part<string>; previous: Part<string> }>>;
}

/** Lines and bytes of one log. */
const LOG_LINES = '20000';
const LOG_BYTES = 4 << 20;

/** Asks for all of it. Throws the reason of the signal alone: what fails is told in its place. */
export async function captureContext(
  api: ClusterApi,
  found: FoundPod,
  options: CallOptions = {},
): Promise<ClusterContext> {
  const { signal } = options;
  const startedAt = new Date().toISOString();
  const part = async <T>(asked: Promise<T>): Promise<Part<T>> => {
    try {
      return { found: await asked };
    } catch (error) {
      signal?.throwIfAborted();
      return { absent: harmless(messageOf(error).slice(0, 1000)) };
    }
  };
  const { kubeNamespace } = found;
  const account = accountOf(found);
  const inNamespace = (...names: string[]) => apiPath('api', 'v1', 'namespaces', kubeNamespace, ...names);
  const log = (container: string, previous: boolean) => {
    const query = new URLSearchParams({
      container,
      tailLines: LOG_LINES,
      limitBytes: String(LOG_BYTES),
      timestamps: 'true',
    });
    if (previous) query.set('previous', 'true');
    return part(api.text(`${podPath(found, 'log')}?${query}`, { signal, most: LOG_BYTES + 1024 }));
  };
  const logs = Promise.all(
    found.containers.map(async ({ name }) => {
      const [current, previous] = await Promise.all([log(name, false), log(name, true)]);
      return [name, { current, previous }] as const;
    }),
  );
  const [serverVersion, podAfter, node, events, owners, serviceAccount, rights, networkPolicies] = await Promise.all([
    part(api.get('/version', options)),
    part(api.get(podPath(found), options)),
    part(api.get(apiPath('api', 'v1', 'nodes', found.node), options)),
    part(api.list(inNamespace('events'), { fieldSelector: `involvedObject.uid=${found.uid}` }, options)),
    part(ownersOf(api, found.document, kubeNamespace, options)),
    part(api.get(inNamespace('serviceaccounts', account), options)),
    part(rightsOf(api, { kubeNamespace, account }, options)),
    part(networkPoliciesOf(api, found, options)),
  ]);
  return {
    startedAt,
    finishedAt: new Date().toISOString(),
    server: api.access.server,
    context: api.access.context,
    pod: found.document,
    ...{ serverVersion, podAfter, node, events, owners, serviceAccount, rights, networkPolicies },
    logs: Object.fromEntries(await logs),
  };
}

/** The service account of a pod; a pod that names none has `default`. */
function accountOf({ document }: FoundPod): string {
  const spec = document['spec'] as JsonObject | undefined;
  const name = spec?.['serviceAccountName'];
  return typeof name === 'string' && name !== '' ? name : 'default';
}
