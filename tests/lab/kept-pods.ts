/** A node that keeps the pods of a folder of manifests, in few words. */
import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openCriClient } from '@stillframe/cri/client';
import { execute } from '@stillframe/demo/stage';
import { type Endpoints, type Lab, openLab } from './lab.ts';

/** What a test reads of a pod in the answer of GET /pods. */
export interface PodDocument {
  metadata: { name: string; uid: string; annotations: Record<string, string> };
  status: {
    phase: string;
    podIP?: string;
    conditions: { type: string; status: string }[];
    containerStatuses: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

interface ContainerStatus {
  name: string;
  containerID?: string;
  ready: boolean;
  restartCount: number;
  state: {
    running?: object;
    waiting?: { reason: string; message?: string };
    terminated?: { exitCode: number; message?: string };
  };
  lastState: { terminated?: { exitCode: number; message?: string } };
}

export interface KeptPods extends AsyncDisposable {
  readonly lab: Lab;
  readonly manifests: string;
  /** Writes a manifest whole, as `mv` does. */
  put(name: string, ...documents: readonly object[]): Promise<void>;
  take(name: string): Promise<void>;
  pods(): Promise<PodDocument[]>;
  /** Waits until the pod is as `is` says; fails with how it was last. */
  until(name: string, is: (pod: PodDocument) => boolean, milliseconds?: number): Promise<PodDocument>;
  untilGone(name: string): Promise<void>;
  /** Texts that a container has written. */
  logs(container: string): Promise<string[]>;
  /** Of the first process of a container. */
  pidOf(containerID: string): Promise<number>;
  /** What a script writes in a container. */
  said(pod: PodDocument, script: string): Promise<string>;
  /** Kills the daemon and starts another. */
  killDaemon(): Promise<void>;
}

/** A pod of one container that runs a script; `spec` and `container` say more. */
export function podOf(
  name: string,
  image: string,
  script: string,
  { spec = {}, container = {} }: { spec?: object; container?: object } = {},
): object {
  const command = ['sh', '-c', script];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image, command, ...container }], ...spec },
  };
}

export function isReady({ status }: PodDocument): boolean {
  return status.conditions.some(({ type, status: holds }) => type === 'Ready' && holds === 'True');
}

export async function openKeptPods(): Promise<KeptPods> {
  let manifests = '';
  const lab = await openLab('/var/tmp', async (folder) => {
    manifests = join(folder, 'manifests');
    await mkdir(manifests);
    await writeFile(join(folder, 'node.yaml'), `podLogs: ${folder}/pod-logs\n`);
    return ['--config', join(folder, 'node.yaml'), '--pod-manifests', manifests];
  });
  let endpoints = lab.endpoints;
  const pods = async () => {
    const { clientCertificate, clientKey, kubelet } = endpoints;
    const identity = ['--cert', clientCertificate, '--key', clientKey];
    const { stdout } = await execute([
      'curl',
      '--silent',
      '--show-error',
      '--insecure',
      ...identity,
      `${kubelet}/pods`,
    ]);
    return (JSON.parse(stdout) as { items: PodDocument[] }).items;
  };
  const wait = async (what: string, milliseconds: number, look: () => Promise<PodDocument | boolean>) => {
    for (const deadline = Date.now() + milliseconds; Date.now() < deadline; await delay(100)) {
      const found = await look();
      if (found) return found;
    }
    const last = (await pods()).map(({ metadata, status }) => [metadata.name, status]);
    return assert.fail(`${what}: ${JSON.stringify(last)}`);
  };
  return {
    lab,
    manifests,
    async put(name, ...documents) {
      const text = documents.map((each) => `---\n${JSON.stringify(each)}\n`).join('');
      await writeFile(join(manifests, `.${name}`), text);
      await rename(join(manifests, `.${name}`), join(manifests, name));
    },
    take: (name) => rm(join(manifests, name)),
    pods,
    async until(name, is, milliseconds = 60_000) {
      const found = await wait(`${name} is not so`, milliseconds, async () => {
        const pod = (await pods()).find(({ metadata }) => metadata.name === name);
        return pod !== undefined && is(pod) && pod;
      });
      return found as PodDocument;
    },
    async untilGone(name) {
      const place = ['--state', join(lab.folder, 'state')];
      await wait(`${name} is still there`, 60_000, async () => {
        const { pods: all } = await lab.stillframe.json<{ pods: { pod: string }[] }>(['pods'], place);
        return !all.some(({ pod }) => pod === name);
      });
    },
    logs: async (container) => (await lab.stillframe.atNode(['logs', container])).stdout.split('\n').filter(Boolean),
    async said({ status }, script) {
      const id = status.containerStatuses[0]?.containerID?.replace(/^.*:\/\//, '') ?? '';
      await using cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
      const cmd = ['/bin/busybox', 'sh', '-c', script];
      const { stdout, stderr } = await cri.runtime.execSync({ containerId: id, cmd, timeout: 10n });
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    },
    async pidOf(containerID) {
      await using cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
      const containerId = containerID.replace(/^.*:\/\//, '');
      const { info } = await cri.runtime.containerStatus({ containerId, verbose: true });
      return (JSON.parse(info['info'] ?? '{}') as { pid: number }).pid;
    },
    async killDaemon() {
      process.kill(endpoints.pid, 'SIGKILL');
      endpoints = await lab.stillframe.up<Endpoints>(0);
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}
