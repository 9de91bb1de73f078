/** The API alone, over the CRI socket of another runtime. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode, UndoStack } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { CgroupDriver, ContainerState } from '@stillframe/cri/proto';
import { foldersOf, takeOwnership } from '@stillframe/runtime/place';
import { userOf } from '../custody/note.ts';
import { attestCaptures } from '../evidence/api-captures.ts';
import { runtimeOf } from '../evidence/foreign-capture.ts';
import { apiEndpoints, serveApi } from './api.ts';
import { type NodeEndpoints, writeEndpoints } from './endpoints.ts';
import { makeNodeFolders } from './folders.ts';
import { NodeMetrics } from './metrics.ts';
import { servePlainHttp } from './plain-http.ts';
import { servePods } from './pods.ts';
import type { ServeOptions } from './serve.ts';
import { openSigningKey, signingKeyPath } from './signing-key.ts';

const STATES = {
  [ContainerState.CONTAINER_CREATED]: 'created',
  [ContainerState.CONTAINER_RUNNING]: 'running',
  [ContainerState.CONTAINER_EXITED]: 'exited',
  [ContainerState.CONTAINER_UNKNOWN]: 'unknown',
} as const;

/** Serves until disposed; the runtime and its containers are left alone. Throws ERR_NODE_BUSY, ERR_CRI_*, as the API does. */
export async function serveForeign(
  options: ServeOptions & { cri: string },
): Promise<{ endpoints: NodeEndpoints } & AsyncDisposable> {
  const { paths, config = {}, logger, host, port } = options;
  const made = await makeNodeFolders(paths);
  const undo = new UndoStack({ deadline: ((config.stopTimeout ?? 60) + 60) * 1000 });
  try {
    for (const folder of [paths.state, paths.root]) {
      const held = await takeOwnership(join(folder, 'node.pid'));
      undo.push(folder, () => held[Symbol.asyncDispose]());
    }
    await mkdir(foldersOf(paths).checkpoints, { recursive: true, mode: 0o700 });
    const signingKey = signingKeyPath(paths, config);
    await mkdir(foldersOf(paths).pki, { recursive: true, mode: 0o700 });
    await openSigningKey(signingKey);
    const criClient = await openCriClient({ socket: options.cri });
    undo.push('CRI client', () => criClient[Symbol.asyncDispose]());
    const metrics = new NodeMetrics();
    const figures = () => metrics.text({ statuses: () => statuses(criClient) });
    const onRequest = metrics.requested.bind(metrics);
    const cgroupParent = await parentFor(criClient, options.cgroupParent);
    const pods = await servePods({ paths, config, criClient, logger, cgroupParent });
    undo.push('pods', () => pods[Symbol.asyncDispose]());
    const kept = () => pods.pods();
    const api = await serveApi({
      ...{ paths, host, port, config, logger, onRequest, kept },
      criClient: pods.client,
      metrics: figures,
      onCheckpoint: attestCaptures({
        ...{ keyPath: signingKey, logger },
        runtime: runtimeOf(criClient),
        user: userOf(options.env),
      }),
    });
    undo.push('kubelet API', () => api[Symbol.asyncDispose]());
    const plain = config.metrics && (await servePlainHttp({ host: '127.0.0.1', ...config.metrics }, figures));
    if (plain) undo.push('metrics', () => plain[Symbol.asyncDispose]());
    const endpoints: NodeEndpoints = {
      pid: process.pid,
      socket: criClient.socket,
      foreign: criClient.version.runtimeName,
      ...(plain ? { metrics: plain.url } : {}),
      ...apiEndpoints(api, paths),
      signingKey,
    };
    await writeEndpoints(paths, endpoints);
    return { endpoints, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() };
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    if (!isCode(error, 'ERR_NODE_BUSY')) await made.remove();
    throw error;
  }
}

/** With systemd a path is no name of a cgroup; then, and where the runtime does not say, its own choice holds. */
async function parentFor({ runtime }: CriClient, path: string): Promise<string | undefined> {
  const { linux } = await runtime.runtimeConfig({}).catch(() => ({ linux: undefined }));
  return linux?.cgroupDriver === CgroupDriver.CGROUPFS ? path : undefined;
}

async function statuses({ runtime }: CriClient): Promise<{ state: string }[]> {
  const { containers } = await runtime.listContainers({});
  return containers.map(({ state }) => ({ state: STATES[state] ?? 'unknown' }));
}
