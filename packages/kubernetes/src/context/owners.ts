/** Who made a pod: its controller, that one's, and so on. */
import { at, type JsonObject, listAt, textAt } from '@stillframe/core';
import { apiPath, type CallOptions, type ClusterApi } from '../api/cluster-api.ts';

/** Owners above one another; a Deployment's pod has two. */
const DEEPEST = 8;

/** From the pod's own owner upwards. Ends where one has none, is gone, or has the uid of another. Throws what the API server says. */
export async function ownersOf(
  api: ClusterApi,
  pod: JsonObject,
  kubeNamespace: string,
  options: CallOptions,
): Promise<readonly JsonObject[]> {
  const owners: JsonObject[] = [];
  let below = pod;
  while (owners.length < DEEPEST) {
    const references = listAt(below, 'metadata', 'ownerReferences');
    const reference = references.find((each) => at(each, 'controller') === true) ?? references[0];
    const path = reference === undefined ? undefined : await pathOf(api, reference, kubeNamespace, options);
    if (path === undefined) return owners;
    const owner = await api.get(path, options);
    if (textAt(owner, 'metadata', 'uid') !== textAt(reference, 'uid')) return owners;
    owners.push(owner);
    below = owner;
  }
  return owners;
}

/** The path of what a reference names, by discovery; undefined for a kind that is not served. */
async function pathOf(
  api: ClusterApi,
  reference: unknown,
  kubeNamespace: string,
  options: CallOptions,
): Promise<string | undefined> {
  const version = textAt(reference, 'apiVersion').split('/');
  const root = version.length === 1 ? ['api', ...version] : ['apis', ...version];
  const served = listAt(await api.get(apiPath(...root), options), 'resources');
  const kind = textAt(reference, 'kind');
  const resource = served.find((each) => textAt(each, 'kind') === kind && !textAt(each, 'name').includes('/'));
  if (resource === undefined) return undefined;
  const place = at(resource, 'namespaced') === true ? ['namespaces', kubeNamespace] : [];
  return apiPath(...root, ...place, textAt(resource, 'name'), textAt(reference, 'name'));
}
