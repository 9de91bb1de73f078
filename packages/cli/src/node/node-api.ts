/** A client of the running node's own API, with the administrator's certificate. */
import { readFile } from 'node:fs/promises';
import { type KubeletClient, openKubeletClient } from '@stillframe/kubelet/client';
import type { NodePaths } from '@stillframe/runtime/place';
import { cliError } from '../usage.ts';
import { readEndpoints } from './endpoints.ts';
import { runningNode } from './running.ts';

/** Throws ERR_NODE_NOT_RUNNING, or the system's error where the certificate cannot be read. */
export async function openNodeApi(paths: Pick<NodePaths, 'state'>): Promise<KubeletClient> {
  const endpoints = await readEndpoints(paths.state);
  if (endpoints === undefined || (await runningNode(paths)) === undefined) throw noNode(paths, endpoints?.foreign);
  const [cert, key, ca] = await Promise.all(
    [endpoints.clientCertificate, endpoints.clientKey, endpoints.ca].map((path) => readFile(path, 'utf8')),
  );
  return openKubeletClient({ url: endpoints.kubelet, cert, key, ca });
}

function noNode({ state }: Pick<NodePaths, 'state'>, foreign: string | undefined) {
  const hint = 'start it again with `stillframe node up --cri`, or ask its runtime itself: --cri SOCKET';
  return cliError('ERR_NODE_NOT_RUNNING', `no node runs in ${state}`, foreign === undefined ? {} : { hint });
}
