/** What a cluster has but for its nodes, of real binaries on the first host: etcd, API server, controllers, scheduler. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type ApiServer, openApiServer } from './api-server.ts';
import { logOf, until } from './programs.ts';

/** `admin` may do all, `eve` nothing. */
export interface ControlPlane extends Omit<ApiServer, 'start' | 'accountKey'> {
  readonly folder: string;
  /** The program that build.sh makes. */
  readonly program: string;
  kubectl(user: string, words: readonly string[], input?: string): Promise<string>;
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
  const { folder, program, nodes } = options;
  const masters = ['admin', 'system:kube-controller-manager', 'system:kube-scheduler'];
  const users = [
    ...masters.map((login) => ({ login, group: 'system:masters' })),
    ...nodes.map((name) => ({ login: `system:node:${name}`, group: 'system:nodes' })),
    { login: 'eve' },
  ];
  const api = await openApiServer({ ...options, users, flags: { 'allow-privileged': 'true' } });
  const kubectl = async (user: string, words: readonly string[], input?: string) => {
    const all = ['kubectl', '--kubeconfig', api.kubeconfig(user), ...words];
    const running = promisify(execFile)(program, all, { maxBuffer: 64 << 20 });
    running.child.stdin?.end(input ?? '');
    return (await running).stdout;
  };
  try {
    const as = (user: string) => ({ kubeconfig: api.kubeconfig(user), 'leader-elect': 'false', 'secure-port': '0' });
    api.start('kube-controller-manager', {
      ...as('system:kube-controller-manager'),
      ...{ 'service-account-private-key-file': api.accountKey, 'root-ca-file': api.pki.authority },
    });
    api.start('kube-scheduler', as('system:kube-scheduler'));
    await until('there is no service account', logOf(folder, 'kube-controller-manager'), async () => {
      await kubectl('admin', ['get', 'serviceaccount', 'default']);
      return true;
    });
  } catch (error) {
    await api[Symbol.asyncDispose]();
    throw error;
  }
  return { ...api, folder, program, kubectl };
}
