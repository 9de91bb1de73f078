/** etcd and an API server of real binaries on the first host, with what both need: keys, certificates, users with tokens. */
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UndoStack } from '@stillframe/core';
import { openNodePki } from '@stillframe/kubelet';
import { type ClusterApi, openClusterApi, openKubeconfig } from '@stillframe/kubernetes';
import { freePort } from '@stillframe/testkit';
import { FIRST } from './host.ts';
import { end, logOf, startLogged, until } from './programs.ts';

/** Who may come, by the token `token-LOGIN`. */
export interface User {
  /** In the name of the kubeconfig and in the token. */
  readonly login: string;
  /** As the API server knows it; `login` by default. */
  readonly name?: string;
  readonly group?: string;
}

export interface ApiServerOptions {
  /** An empty folder. */
  readonly folder: string;
  /** The program that build.sh makes. */
  readonly program: string;
  /** Names of nodes, the first one for the certificates, and addresses of hosts besides the first. */
  readonly nodes: readonly string[];
  readonly addresses: readonly string[];
  /** `admin` of the group system:masters must be one of them. */
  readonly users: readonly User[];
  /** What contexts are in. */
  readonly kubeNamespace?: string;
  /** Further flags of the API server. */
  readonly flags?: Readonly<Record<string, string>>;
}

export interface ApiServer extends AsyncDisposable {
  /** Its address. */
  readonly server: string;
  /** Files of the authority, and of a server certificate that holds for each of the hosts. */
  readonly pki: Awaited<ReturnType<typeof openNodePki>>['paths'];
  /** File of the key that signs tokens of service accounts. */
  readonly accountKey: string;
  /** Path of the kubeconfig of a login. */
  kubeconfig(login: string): string;
  api(login: string): Promise<ClusterApi>;
  /** Starts another program of the binary, which ends with this. */
  start(name: string, flags: Readonly<Record<string, string>>): ChildProcess;
  stopApiServer(): Promise<void>;
  /** Waits until it is ready. */
  startApiServer(): Promise<void>;
}

/** Throws with the end of the log of what does not start. */
export async function openApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { folder, program, nodes, addresses, users, kubeNamespace = 'default', flags = {} } = options;
  const undo = new UndoStack({ deadline: 60_000 });
  const place = { folder: join(folder, 'pki'), nodeName: nodes[0] ?? '' };
  const pki = await openNodePki({ ...place, addresses: [FIRST.address, ...addresses] });
  const ports = { etcd: await freePort(), peer: await freePort(), api: await freePort() };
  const server = `https://${FIRST.address}:${ports.api}`;
  const kubeconfig = (login: string) => join(folder, `${login.replaceAll(':', '-')}.kubeconfig`);
  for (const { login } of users) {
    const config = kubeconfigOf({ server, authority: pki.paths.authority, login, kubeNamespace });
    await writeFile(kubeconfig(login), config, { mode: 0o600 });
  }
  const tokens = users.map(({ login, name = login, group }) =>
    [`token-${login}`, name, login, ...(group === undefined ? [] : [`"${group}"`])].join(),
  );
  await writeFile(join(folder, 'tokens.csv'), `${tokens.join('\n')}\n`, { mode: 0o600 });
  const key = { private: join(folder, 'sa.key'), public: join(folder, 'sa.pub') };
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(key.private, privateKey.export({ format: 'pem', type: 'pkcs1' }), { mode: 0o600 });
  await writeFile(key.public, publicKey.export({ format: 'pem', type: 'spki' }));
  const start = (name: string, some: Readonly<Record<string, string>>) => {
    const words = Object.entries(some).map(([flag, value]) => `--${flag}=${value}`);
    const child = startLogged([program, name, ...words], logOf(folder, name), folder);
    undo.push(name, () => end(child));
    return child;
  };
  const api = async (login: string) => openClusterApi(await openKubeconfig({ file: kubeconfig(login), env: {} }));
  const admin = await api('admin');
  let running: ChildProcess | undefined;
  const startApiServer = async () => {
    running = start('kube-apiserver', {
      ...{ 'etcd-servers': `http://127.0.0.1:${ports.etcd}`, 'secure-port': String(ports.api) },
      ...{ 'bind-address': FIRST.address, 'endpoint-reconciler-type': 'none' },
      ...{ 'tls-cert-file': pki.paths.server, 'tls-private-key-file': pki.paths.serverKey },
      ...{ 'service-account-key-file': key.public, 'service-account-signing-key-file': key.private },
      ...{ 'service-account-issuer': 'https://kubernetes.default.svc', 'service-cluster-ip-range': '10.96.0.0/24' },
      ...{ 'token-auth-file': join(folder, 'tokens.csv'), 'authorization-mode': 'Node,RBAC' },
      ...{ 'kubelet-client-certificate': pki.paths.client, 'kubelet-client-key': pki.paths.clientKey },
      ...{ 'kubelet-certificate-authority': pki.paths.authority, 'kubelet-preferred-address-types': 'InternalIP' },
      ...flags,
    });
    const ready = async () => (await admin.text('/readyz', { seconds: 5 })) === 'ok';
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
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
  return {
    ...{ server, pki: pki.paths, accountKey: key.private, kubeconfig, api, start, startApiServer },
    async stopApiServer() {
      if (running) await end(running);
    },
    [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
  };
}

interface Login {
  readonly server: string;
  readonly authority: string;
  readonly login: string;
  readonly kubeNamespace: string;
}

function kubeconfigOf({ server, authority, login, kubeNamespace }: Login): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'lab' },
    clusters: [{ name: 'lab', cluster: { server, 'certificate-authority': authority } }],
    users: [{ name: login, user: { token: `token-${login}` } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: login, namespace: kubeNamespace } }],
  });
}
