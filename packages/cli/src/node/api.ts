/** The kubelet-compatible API of a node, over whichever CRI runtime. */
import type { Logger } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { type KubeletApi, type KubeletApiOptions, startKubeletApi } from '@stillframe/kubelet';
import { foldersOf, type NodePaths } from '@stillframe/runtime/place';
import { apiOptionsOf } from './api-config.ts';
import type { NodeConfig } from './config.ts';
import type { NodeEndpoints } from './endpoints.ts';

export interface ApiPlace extends Pick<KubeletApiOptions, 'metrics' | 'onRequest' | 'onCheckpoint' | 'kept'> {
  paths: NodePaths;
  host: string;
  /** 0 lets the system choose. */
  port: number;
  config: NodeConfig;
  criClient: CriClient;
  logger: Logger;
}

/** Starts it. */
export function serveApi({ paths, config, ...rest }: ApiPlace): Promise<KubeletApi> {
  const { pki, checkpoints } = foldersOf(paths);
  return startKubeletApi({ ...apiOptionsOf(config, paths), ...rest, pkiFolder: pki, checkpointsFolder: checkpoints });
}

/** Where the API and what it writes are. */
export function apiEndpoints(
  { address, pki }: KubeletApi,
  paths: NodePaths,
): Pick<NodeEndpoints, 'kubelet' | 'checkpoints' | 'clientCertificate' | 'clientKey' | 'ca'> {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return {
    kubelet: `https://${host}:${address.port}`,
    checkpoints: foldersOf(paths).checkpoints,
    clientCertificate: pki.client,
    clientKey: pki.clientKey,
    ca: pki.authority,
  };
}
