/** A node of the cluster: a real kubelet on one of the lab's hosts, over a CRI socket. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UndoStack } from '@stillframe/core';
import { execute } from '@stillframe/demo/stage';
import { freePort } from '@stillframe/testkit';
import type { ControlPlane } from './control-plane.ts';
import type { Host } from './host.ts';
import { end, logOf, startLogged, until } from './programs.ts';

export interface KubeletOptions {
  /** The name of the node: one of those that the control plane was told. */
  readonly name: string;
  readonly host: Host;
  /** Path of the runtime's socket. */
  readonly cri: string;
  readonly featureGates?: Readonly<Record<string, boolean>>;
}

export interface KubeletNode extends AsyncDisposable {
  readonly name: string;
  /** Path of the log of a pod's container that was never restarted. */
  log(pod: string, container: string): Promise<string>;
  /** At once, and leaves the node to the cluster. */
  kill(): Promise<void>;
}

/** Starts it, and waits until its node is ready. Disposing leaves its pods to whoever has made them. */
export async function startKubelet(plane: ControlPlane, options: KubeletOptions): Promise<KubeletNode> {
  const { name, host, cri, featureGates = {} } = options;
  const undo = new UndoStack({ deadline: 60_000 });
  const folder = join(plane.folder, name);
  await mkdir(join(folder, 'root'), { recursive: true });
  const configuration = {
    ...{ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', featureGates },
    ...{ containerRuntimeEndpoint: `unix://${cri}`, podLogsDir: join(folder, 'logs') },
    ...{ failCgroupV1: false, cgroupDriver: 'cgroupfs', cgroupsPerQOS: false },
    ...{ port: await freePort(), address: host.address, healthzPort: 0, readOnlyPort: 0, failSwapOn: false },
    ...{ tlsCertFile: plane.pki.server, tlsPrivateKeyFile: plane.pki.serverKey },
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: plane.pki.authority },
    },
    authorization: { mode: 'Webhook' },
    // What this machine may not do: lower its score, raise limits, write kernel settings.
    ...{ oomScoreAdj: 0, maxOpenFiles: 20_000, enforceNodeAllocatable: [], makeIPTablesUtilChains: false },
    ...{ imageGCHighThresholdPercent: 100, localStorageCapacityIsolation: false },
    evictionHard: { 'memory.available': '1Mi' },
  };
  await writeFile(join(folder, 'kubelet.yaml'), JSON.stringify(configuration));
  // It binds its folder to itself, and leaves that behind.
  undo.push('mounts', async () => void (await execute(['umount', '-R', join(folder, 'root')]).catch(() => undefined)));
  const words = [
    ...[`--config=${join(folder, 'kubelet.yaml')}`, `--root-dir=${join(folder, 'root')}`],
    ...[`--hostname-override=${name}`, `--node-ip=${host.address}`],
    `--kubeconfig=${plane.kubeconfig(`system:node:${name}`)}`,
  ];
  const child = startLogged(host.there([plane.program, 'kubelet', ...words]), logOf(folder, 'kubelet'), folder);
  undo.push('kubelet', () => end(child));
  try {
    await until(`node ${name} does not become ready`, logOf(folder, 'kubelet'), async () => {
      const status = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
      return (await plane.kubectl('admin', ['get', 'node', name, '-o', status])) === 'True';
    });
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
  return {
    name,
    async log(pod, container) {
      const found = (await readdir(join(folder, 'logs'))).find((each) => each.startsWith(`default_${pod}_`));
      const logs = join(folder, 'logs', found ?? 'none');
      // CRI-O puts that of a restored container beside the folder that the kubelet named.
      const beside = (await readdir(logs).catch(() => [])).find((each) => /^[0-9a-f]{64}\.log$/.test(each));
      return beside ? join(logs, beside) : join(logs, container, '0.log');
    },
    kill: () => end(child),
    async [Symbol.asyncDispose]() {
      await undo[Symbol.asyncDispose]();
      await plane.kubectl('admin', ['delete', 'node', name, '--ignore-not-found']).catch(() => undefined);
    },
  };
}
