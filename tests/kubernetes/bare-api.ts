/** An API server of real binaries and nothing else: no controllers, no scheduler, and one node whose kubelet is played here. */
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { UndoStack } from '@stillframe/core';
import { openNodePki } from '@stillframe/kubelet';
import { type ClusterApi, openClusterApi, openKubeconfig } from '@stillframe/kubernetes';
import { freePort } from '../lab/free-port.ts';
import { FIRST } from './host.ts';
import { end, logOf, startLogged, until } from './programs.ts';

export interface BareApi extends AsyncDisposable {
  /** `admin` may do all; any other name is a service account of that name in the namespace stillframe. */
  api(user: string): Promise<ClusterApi>;
  /** Paths that the kubelet was asked for. */
  readonly captures: string[];
  restart(): Promise<void>;
}

/** `folder`: an empty one. Throws with the end of the log of what does not start. */
export async function startBareApi(folder: string, program: string, accounts: readonly string[]): Promise<BareApi> {
  const undo = new UndoStack({ deadline: 60_000 });
  const pki = await openNodePki({ folder: join(folder, 'pki'), nodeName: 'node-1', addresses: [FIRST.address] });
  const ports = { etcd: await freePort(), peer: await freePort(), api: await freePort() };
  const users = [['admin', 'admin', 'system:masters'] as const].concat(
    accounts.map((name) => [name, `system:serviceaccount:stillframe:${name}`, ''] as never),
  );
  const tokens = users.map(([name, user, groups]) => `token-${name},${user},${name}${groups && `,"${groups}"`}`);
  await writeFile(join(folder, 'tokens.csv'), `${tokens.join('\n')}\n`, { mode: 0o600 });
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { private: join(folder, 'sa.key'), public: join(folder, 'sa.pub') };
  await writeFile(key.private, privateKey.export({ format: 'pem', type: 'pkcs1' }), { mode: 0o600 });
  await writeFile(key.public, publicKey.export({ format: 'pem', type: 'spki' }));
  const start = (name: string, flags: Readonly<Record<string, string>>): ChildProcess => {
    const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const child = startLogged([program, name, ...words], logOf(folder, name), folder);
    undo.push(name, () => end(child));
    return child;
  };
  const open = async (user: string) => {
    const cluster = { server: `https://${FIRST.address}:${ports.api}`, 'certificate-authority': pki.paths.authority };
    const file = join(folder, `${user}.kubeconfig`);
    const config = {
      'current-context': 'lab',
      clusters: [{ name: 'lab', cluster }],
      users: [{ name: 'u', user: { token: `token-${user}` } }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'u', namespace: 'stillframe' } }],
    };
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    return openClusterApi(await openKubeconfig({ file, env: {} }));
  };
  const admin = await open('admin');
  let server: ChildProcess | undefined;
  const startServer = async () => {
    server = start('kube-apiserver', {
      ...{ 'etcd-servers': `http://127.0.0.1:${ports.etcd}`, 'secure-port': String(ports.api) },
      ...{ 'bind-address': FIRST.address, 'endpoint-reconciler-type': 'none' },
      ...{ 'tls-cert-file': pki.paths.server, 'tls-private-key-file': pki.paths.serverKey },
      ...{ 'service-account-key-file': key.public, 'service-account-signing-key-file': key.private },
      ...{ 'service-account-issuer': 'https://kubernetes.default.svc', 'service-cluster-ip-range': '10.96.0.0/24' },
      ...{ 'token-auth-file': join(folder, 'tokens.csv'), 'authorization-mode': 'Node,RBAC' },
      ...{ 'kubelet-client-certificate': pki.paths.client, 'kubelet-client-key': pki.paths.clientKey },
      ...{ 'kubelet-certificate-authority': pki.paths.authority, 'kubelet-preferred-address-types': 'InternalIP' },
      // Nobody makes service accounts here.
      'disable-admission-plugins': 'ServiceAccount',
    });
    const ready = async () => (await admin.text('/readyz', { seconds: 5 })) === 'ok';
    await until('the API server does not answer', logOf(folder, 'kube-apiserver'), ready);
  };
  const captures: string[] = [];
  const kubelet = createServer(
    { cert: await readFile(pki.paths.server), key: await readFile(pki.paths.serverKey) },
    (request, response) => {
      const path = request.url ?? '';
      captures.push(path);
      const [, kubeNamespace, pod, container] = /^\/checkpoint\/([^/]+)\/([^/]+)\/([^/?]+)/.exec(path) ?? [];
      const name = `checkpoint-${pod}_${kubeNamespace}-${container}-${new Date().toISOString().replace(/\.\d+/, '')}.tar`;
      response.end(JSON.stringify({ items: [`/var/lib/kubelet/checkpoints/${name}`] }));
    },
  );
  try {
    await new Promise<void>((resolve) => kubelet.listen(0, FIRST.address, () => resolve()));
    undo.push('kubelet', () => {
      kubelet.closeAllConnections();
      kubelet.close();
    });
    const [clients, peers] = [`http://127.0.0.1:${ports.etcd}`, `http://127.0.0.1:${ports.peer}`];
    start('etcd', {
      ...{ 'data-dir': join(folder, 'etcd'), 'unsafe-no-fsync': 'true', 'log-level': 'warn' },
      ...{ 'listen-client-urls': clients, 'advertise-client-urls': clients },
      ...{ 'listen-peer-urls': peers, 'initial-advertise-peer-urls': peers, 'initial-cluster': `default=${peers}` },
    });
    await startServer();
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
    ...{ captures, api: open },
    restart: async () => {
      if (server) await end(server);
      await startServer();
    },
    [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
  };
}
