/** An API server of real binaries and nothing else: no controllers, no scheduler, and one node whose kubelet is played here. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { UndoStack } from '@stillframe/core';
import { type ApiServer, openApiServer } from './api-server.ts';
import { FIRST } from './host.ts';

export interface BareApi extends AsyncDisposable {
  /** `admin` may do all; any other login is a service account of that name in the namespace stillframe. */
  readonly api: ApiServer['api'];
  /** Paths that the kubelet was asked for. */
  readonly captures: string[];
  restart(): Promise<void>;
}

/** `folder`: an empty one. Throws with the end of the log of what does not start. */
export async function startBareApi(folder: string, program: string, accounts: readonly string[]): Promise<BareApi> {
  const undo = new UndoStack({ deadline: 60_000 });
  const server = await openApiServer({
    ...{ folder, program, nodes: ['node-1'], addresses: [], kubeNamespace: 'stillframe' },
    users: [
      { login: 'admin', group: 'system:masters' },
      ...accounts.map((login) => ({ login, name: `system:serviceaccount:stillframe:${login}` })),
    ],
    // Nobody makes service accounts here.
    flags: { 'disable-admission-plugins': 'ServiceAccount' },
  });
  undo.push('API server', () => server[Symbol.asyncDispose]());
  const captures: string[] = [];
  try {
    const { pki } = server;
    const kubelet = createServer(
      { cert: await readFile(pki.server), key: await readFile(pki.serverKey) },
      (request, response) => {
        const path = request.url ?? '';
        captures.push(path);
        const [, kubeNamespace, pod, container] = /^\/checkpoint\/([^/]+)\/([^/]+)\/([^/?]+)/.exec(path) ?? [];
        const name = `checkpoint-${pod}_${kubeNamespace}-${container}-${new Date().toISOString().replace(/\.\d+/, '')}.tar`;
        response.end(JSON.stringify({ items: [`/var/lib/kubelet/checkpoints/${name}`] }));
      },
    );
    await new Promise<void>((resolve) => kubelet.listen(0, FIRST.address, () => resolve()));
    undo.push('kubelet', () => {
      kubelet.closeAllConnections();
      kubelet.close();
    });
    const admin = await server.api('admin');
    await admin.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
    const status = {
      addresses: [{ type: 'InternalIP', address: FIRST.address }],
      daemonEndpoints: { kubeletEndpoint: { Port: (kubelet.address() as AddressInfo).port } },
    };
    await admin.patch('/api/v1/nodes/node-1/status', { status });
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
  return {
    ...{ captures, api: server.api },
    async restart() {
      await server.stopApiServer();
      await server.startApiServer();
    },
    [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
  };
}
