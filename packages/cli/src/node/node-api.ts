/** A client of the running node's own API, with the administrator's certificate. */
import { readFile } from 'node:fs/promises';
import { type KubeletClient, openKubeletClient } from '@stillframe/kubelet/client';
import type { NodeEndpoints } from './endpoints.ts';

/** Throws the system's error where the certificate cannot be read. */
export async function openNodeApi(endpoints: NodeEndpoints): Promise<KubeletClient> {
  const [cert, key, ca] = await Promise.all(
    [endpoints.clientCertificate, endpoints.clientKey, endpoints.ca].map((path) => readFile(path, 'utf8')),
  );
  return openKubeletClient({ url: endpoints.kubelet, cert, key, ca });
}
