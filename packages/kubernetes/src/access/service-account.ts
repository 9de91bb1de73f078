/** The cluster that one runs in, as the service account that was mounted into the pod (`rest.InClusterConfig`). */
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { systemFact } from '@stillframe/core';
import { clusterError } from '../errors.ts';
import type { ClusterAccess, Credentials } from './access.ts';

export interface ServiceAccountPlace {
  env: Readonly<Record<string, string | undefined>>;
  /** Where kubelets mount it. */
  folder?: string;
}

const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Milliseconds: a kubelet renews a token when a fifth of its life is left. */
const FRESH = 60_000;

/**
 * Access with the pod's own token, which is read anew every minute: it is renewed while one runs. Throws ERR_CLUSTER_NO_CLUSTER
 * outside of a pod or in one that has no token.
 */
export async function openServiceAccount({ env, folder = FOLDER }: ServiceAccountPlace): Promise<ClusterAccess> {
  const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT']];
  if (!host || !port) throw clusterError('ERR_CLUSTER_NO_CLUSTER', 'KUBERNETES_SERVICE_HOST names no API server');
  const read = async (name: string) => {
    try {
      return (await readFile(join(folder, name), 'utf8')).trim();
    } catch (cause) {
      throw clusterError('ERR_CLUSTER_NO_CLUSTER', `${join(folder, name)} ${systemFact(cause)}`, { cause });
    }
  };
  const [ca, kubeNamespace] = [await read('ca.crt'), await read('namespace')];
  let known: { at: number; credentials: Credentials } | undefined;
  const credentials = async () => {
    if (known && performance.now() - known.at < FRESH) return known.credentials;
    const fresh = { ca, headers: { Authorization: `Bearer ${await read('token')}` } };
    known = { at: performance.now(), credentials: fresh };
    return fresh;
  };
  await credentials();
  const name = isIPv6(host) ? `[${host}]` : host;
  return { server: `https://${name}:${port}`, context: 'in-cluster', kubeNamespace, credentials };
}
