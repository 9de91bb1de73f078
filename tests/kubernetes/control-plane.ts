/** What a cluster has but for its nodes, of real binaries on the first host: etcd, API server, controllers, scheduler. */
import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UndoStack } from '@stillframe/core';
import { openNodePki } from '@stillframe/kubelet';
import { freePort } from '../lab/free-port.ts';
import { FIRST } from './host.ts';
import { end, logOf, startLogged, until } from './programs.ts';

export interface ControlPlane extends AsyncDisposable {
  readonly folder: string;
  /** The program that build.sh makes. */
  readonly program: string;
  /** Address of the API server. */
  readonly server: string;
  /** Files of the authority, and of a server certificate that holds for each of the hosts. */
  readonly pki: { authority: string; server: string; serverKey: string };
  /** Kubeconfig of a user of that name; `admin` may do all, `eve` nothing. */
  kubeconfig(user: string): string;
  kubectl(user: string, words: readonly string[], input?: string): Promise<string>;
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
}

export interface ControlPlaneOptions {
  /** An empty folder. */
  readonly folder: string;
  readonly program: string;
  /** Names that nodes will have, and addresses of their hosts. */
  readonly nodes: readonly string[];
  readonly addresses: readonly string[];
}

/** Starts all, and waits until there are service accounts. Throws with the end of the log of what does not start. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { folder, program, nodes, addresses } = options;
  const undo = new UndoStack({ deadline: 60_000 });
  const pki = await openNodePki({
    ...{ folder: join(folder, 'pki'), nodeName: nodes[0] ?? '' },
    addresses: [FIRST.address, ...addresses],
  });
  const ports = { etcd: await freePort(), peer: await freePort(), api: await freePort() };
  const users = [
    ...['admin', 'system:kube-controller-manager', 'system:kube-scheduler'].map((name) => [name, 'system:masters']),
    ...nodes.map((name) => [`system:node:${name}`, 'system:nodes']),
    ['eve', ''],
  ] as [string, string][];
  const kubeconfig = (user: string) => join(folder, `${user.replaceAll(':', '-')}.kubeconfig`);
  const server = `https://${FIRST.address}:${ports.api}`;
  for (const [name] of users)
    await writeFile(kubeconfig(name), kubeconfigOf(server, pki.paths.authority, name), { mode: 0o600 });
  const tokens = users.map(([name, group]) => `token-${name},${name},${name}${group && `,"${group}"`}`);
  await writeFile(join(folder, 'tokens.csv'), `${tokens.join('\n')}\n`, { mode: 0o600 });
  const key = { private: join(folder, 'sa.key'), public: join(folder, 'sa.pub') };
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(key.private, privateKey.export({ format: 'pem', type: 'pkcs1' }), { mode: 0o600 });
  await writeFile(key.public, publicKey.export({ format: 'pem', type: 'spki' }));
  const start = (name: string, flags: Readonly<Record<string, string>>) => {
    const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const child = startLogged([program, name, ...words], logOf(folder, name), folder);
    undo.push(name, () => end(child));
    return child;
  };
  const kubectl = async (user: string, words: readonly string[], input?: string) => {
    const options = { maxBuffer: 64 << 20 };
    const running = promisify(execFile)(program, ['kubectl', '--kubeconfig', kubeconfig(user), ...words], options);
    running.child.stdin?.end(input ?? '');
    return (await running).stdout;
  };
  let api: ChildProcess | undefined;
  const startApiServer = async () => {
    api = start('kube-apiserver', {
      ...{ 'etcd-servers': `http://127.0.0.1:${ports.etcd}`, 'secure-port': String(ports.api) },
      ...{ 'bind-address': FIRST.address, 'endpoint-reconciler-type': 'none', 'allow-privileged': 'true' },
      ...{ 'tls-cert-file': pki.paths.server, 'tls-private-key-file': pki.paths.serverKey },
      ...{ 'service-account-key-file': key.public, 'service-account-signing-key-file': key.private },
      ...{ 'service-account-issuer': 'https://kubernetes.default.svc', 'service-cluster-ip-range': '10.96.0.0/24' },
      ...{ 'token-auth-file': join(folder, 'tokens.csv'), 'authorization-mode': 'Node,RBAC' },
      ...{ 'kubelet-client-certificate': pki.paths.client, 'kubelet-client-key': pki.paths.clientKey },
      ...{ 'kubelet-certificate-authority': pki.paths.authority, 'kubelet-preferred-address-types': 'InternalIP' },
    });
    const ready = async () => (await kubectl('admin', ['get', '--raw', '/readyz'])) === 'ok';
    await until('the API server does not answer', logOf(folder, 'kube-apiserver'), ready);
  };
  try {
    const [clients, peers] = [`http://127.0.0.1:${ports.etcd}`, `http://127.0.0.1:${ports.peer}`];
    start('etcd', {
      ...{ 'data-dir': join(folder, 'etcd'), 'unsafe-no-fsync': 'true', 'log-level': 'warn' },
      ...{ 'listen-client-urls': clients, 'advertise-client-urls': clients },
      ...{ 'listen-peer-urls': peers, 'initial-advertise-peer-urls': peers, 'initial-cluster': `default=${peers}` },
    });
    await startApiServer();
    const as = (user: string) => ({ kubeconfig: kubeconfig(user), 'leader-elect': 'false', 'secure-port': '0' });
    start('kube-controller-manager', {
      ...as('system:kube-controller-manager'),
      ...{ 'service-account-private-key-file': key.private, 'root-ca-file': pki.paths.authority },
    });
    start('kube-scheduler', as('system:kube-scheduler'));
    await until('there is no service account', logOf(folder, 'kube-controller-manager'), async () => {
      await kubectl('admin', ['get', 'serviceaccount', 'default']);
      return true;
    });
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
  return {
    ...{ folder, program, server, kubeconfig, kubectl, startApiServer },
    pki: pki.paths,
    stopApiServer: async () => {
      if (api) await end(api);
    },
    [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
  };
}

function kubeconfigOf(server: string, authority: string, user: string): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'lab' },
    clusters: [{ name: 'lab', cluster: { server, 'certificate-authority': authority } }],
    users: [{ name: user, user: { token: `token-${user}` } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user } }],
  });
}
