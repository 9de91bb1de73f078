/** A cluster of real binaries on this machine: etcd, API server, controllers, scheduler, and a kubelet over a CRI socket. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { UndoStack } from '@stillframe/core';
import { openNodePki } from '@stillframe/kubelet';
import { freePort } from '../lab/free-port.ts';

export interface Cluster extends AsyncDisposable {
  /** Kubeconfig of a user of that name; `admin` may do all, `eve` nothing. */
  kubeconfig(user: string): string;
  kubectl(user: string, words: readonly string[], input?: string): Promise<string>;
  /** Ends the API server at once, and starts it again. */
  restartApiServer(): Promise<void>;
}

export interface ClusterOptions {
  /** An empty folder. */
  readonly folder: string;
  /** Socket of the runtime. */
  readonly cri: string;
  /** The program that build.sh makes. */
  readonly program: string;
  readonly featureGates?: Readonly<Record<string, boolean>>;
}

/** The node, and its address, which test.sh gives the namespace that all of it is in. */
export const NODE = 'node-1';
const ADDRESS = '10.99.0.1';

const USERS: readonly (readonly [name: string, group: string])[] = [
  ['admin', 'system:masters'],
  ['system:kube-controller-manager', 'system:masters'],
  ['system:kube-scheduler', 'system:masters'],
  [`system:node:${NODE}`, 'system:nodes'],
  ['eve', ''],
];
/** Milliseconds: a loaded machine takes its time. */
const PATIENCE = 100_000;

/** Starts all, and waits until the node is ready. Throws with the last lines of the log of what does not start. */
export async function startCluster({ folder, cri, program, featureGates = {} }: ClusterOptions): Promise<Cluster> {
  const undo = new UndoStack({ deadline: 60_000 });
  const pki = await openNodePki({ folder: join(folder, 'pki'), nodeName: NODE, addresses: [ADDRESS] });
  const ports = { etcd: await freePort(), peer: await freePort(), api: await freePort(), kubelet: await freePort() };
  const server = `https://127.0.0.1:${ports.api}`;
  const kubeconfig = (user: string) => join(folder, `${user.replaceAll(':', '-')}.kubeconfig`);
  for (const [name] of USERS)
    await writeFile(kubeconfig(name), kubeconfigOf(server, pki.paths.authority, name), { mode: 0o600 });
  const tokens = USERS.map(([name, group]) => `token-${name},${name},${name}${group && `,"${group}"`}`);
  await writeFile(join(folder, 'tokens.csv'), `${tokens.join('\n')}\n`, { mode: 0o600 });
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(join(folder, 'sa.key'), privateKey.export({ format: 'pem', type: 'pkcs1' }), { mode: 0o600 });
  await writeFile(join(folder, 'sa.pub'), publicKey.export({ format: 'pem', type: 'spki' }));
  const start = (name: string, flags: readonly string[]) => {
    const log = openSync(join(folder, `${name}.log`), 'a');
    const child = spawn(program, [name, ...flags], { stdio: ['ignore', log, log], cwd: folder });
    closeSync(log);
    undo.push(name, () => end(child));
    return child;
  };
  const apiServer = () =>
    start('kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      ...[`--secure-port=${ports.api}`, '--bind-address=127.0.0.1', '--endpoint-reconciler-type=none'],
      ...[`--tls-cert-file=${pki.paths.server}`, `--tls-private-key-file=${pki.paths.serverKey}`],
      ...[
        `--service-account-key-file=${join(folder, 'sa.pub')}`,
        `--service-account-signing-key-file=${join(folder, 'sa.key')}`,
      ],
      ...['--service-account-issuer=https://kubernetes.default.svc', '--service-cluster-ip-range=10.96.0.0/24'],
      ...[
        `--token-auth-file=${join(folder, 'tokens.csv')}`,
        '--authorization-mode=Node,RBAC',
        '--allow-privileged=true',
      ],
      ...[`--kubelet-client-certificate=${pki.paths.client}`, `--kubelet-client-key=${pki.paths.clientKey}`],
      ...[`--kubelet-certificate-authority=${pki.paths.authority}`, '--kubelet-preferred-address-types=Hostname'],
    ]);
  const kubectl = async (user: string, words: readonly string[], input?: string) => {
    const running = promisify(execFile)(program, ['kubectl', '--kubeconfig', kubeconfig(user), ...words], {
      maxBuffer: 64 << 20,
    });
    running.child.stdin?.end(input ?? '');
    return (await running).stdout;
  };
  const until = async (what: string, log: string, look: () => Promise<boolean>) => {
    const deadline = performance.now() + PATIENCE;
    while (!(await look().catch(() => false))) {
      if (performance.now() > deadline)
        throw new Error(`${what}: ${(await readFile(join(folder, `${log}.log`), 'utf8')).slice(-4000)}`);
      await delay(500);
    }
  };
  const answers = () =>
    until(
      'the API server does not answer',
      'kube-apiserver',
      async () => (await kubectl('admin', ['get', '--raw', '/readyz'])) === 'ok',
    );
  try {
    start('etcd', [
      ...[`--data-dir=${join(folder, 'etcd')}`, '--unsafe-no-fsync', '--log-level=warn'],
      ...[
        `--listen-client-urls=http://127.0.0.1:${ports.etcd}`,
        `--advertise-client-urls=http://127.0.0.1:${ports.etcd}`,
      ],
      ...[
        `--listen-peer-urls=http://127.0.0.1:${ports.peer}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${ports.peer}`,
      ],
      `--initial-cluster=default=http://127.0.0.1:${ports.peer}`,
    ]);
    let api = apiServer();
    await answers();
    start('kube-controller-manager', [
      ...[`--kubeconfig=${kubeconfig('system:kube-controller-manager')}`, '--leader-elect=false', '--secure-port=0'],
      ...[`--service-account-private-key-file=${join(folder, 'sa.key')}`, `--root-ca-file=${pki.paths.authority}`],
    ]);
    start('kube-scheduler', [
      `--kubeconfig=${kubeconfig('system:kube-scheduler')}`,
      '--leader-elect=false',
      '--secure-port=0',
    ]);
    const kubelet = {
      ...{ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', featureGates },
      ...{
        containerRuntimeEndpoint: `unix://${cri}`,
        failCgroupV1: false,
        cgroupDriver: 'cgroupfs',
        cgroupsPerQOS: false,
      },
      ...{ port: ports.kubelet, address: ADDRESS, healthzPort: 0, readOnlyPort: 0, failSwapOn: false },
      ...{ tlsCertFile: pki.paths.server, tlsPrivateKeyFile: pki.paths.serverKey },
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: pki.paths.authority },
      },
      authorization: { mode: 'Webhook' },
      podLogsDir: join(folder, 'logs'),
      // What this machine may not do: lower its score, raise limits, write kernel settings.
      ...{ oomScoreAdj: 0, maxOpenFiles: 20_000, enforceNodeAllocatable: [], makeIPTablesUtilChains: false },
      ...{
        evictionHard: { 'memory.available': '1Mi' },
        imageGCHighThresholdPercent: 100,
        localStorageCapacityIsolation: false,
      },
    };
    await mkdir(join(folder, 'kubelet'));
    // It binds its folder to itself, and leaves that behind.
    undo.push(
      'mounts',
      async () => void (await promisify(execFile)('umount', ['-R', join(folder, 'kubelet')]).catch(() => undefined)),
    );
    await writeFile(join(folder, 'kubelet.yaml'), JSON.stringify(kubelet));
    start('kubelet', [
      ...[
        `--config=${join(folder, 'kubelet.yaml')}`,
        `--root-dir=${join(folder, 'kubelet')}`,
        `--hostname-override=${NODE}`,
        `--node-ip=${ADDRESS}`,
      ],
      `--kubeconfig=${kubeconfig(`system:node:${NODE}`)}`,
    ]);
    await until('the node does not become ready', 'kubelet', async () => {
      const status = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
      return (await kubectl('admin', ['get', 'node', NODE, '-o', status])) === 'True';
    });
    await until('there is no service account', 'kube-controller-manager', async () => {
      await kubectl('admin', ['get', 'serviceaccount', 'default']);
      return true;
    });
    return {
      kubeconfig,
      kubectl,
      async restartApiServer() {
        await end(api);
        api = apiServer();
        await answers();
      },
      [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
    };
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
}

/** At once: nothing of it is kept. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

function kubeconfigOf(server: string, authority: string, user: string): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'lab' },
    clusters: [{ name: 'lab', cluster: { server, 'certificate-authority': authority } }],
    users: [{ name: user, user: { token: `token-${user}` } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user } }],
  });
}
