/** Pods and containers of a lab over the CRI, in few words. */
import { join } from 'node:path';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { type CriLab, type Endpoints, openCriLab } from './lab.ts';

export type ContainerConfig = NonNullable<Parameters<CriClient['runtime']['createContainer']>[0]['config']>;
export type PodConfig = NonNullable<Parameters<CriClient['runtime']['runPodSandbox']>[0]['config']>;

/** Parts of a request as a test writes them: what is left out of a message within them has its default. */
export type Parts = Readonly<Record<string, unknown>>;

export interface PodLab extends AsyncDisposable {
  readonly lab: CriLab;
  /** Another one after `restart`. */
  readonly cri: CriClient;
  /** Runs a pod of this name; returns its id. */
  runPod(name: string, more?: Parts): Promise<string>;
  /** Creates a container that sleeps, unless `more` says otherwise; returns its id. */
  create(podSandboxId: string, name: string, more?: Parts): Promise<string>;
  /** The same, and starts it. */
  run(podSandboxId: string, name: string, more?: Parts): Promise<string>;
  /** What a script writes in a container, errors behind the rest. */
  said(containerId: string, script: string): Promise<string>;
  pidOf(containerId: string): Promise<number>;
  removePod(podSandboxId: string): Promise<void>;
  /** Kills the daemon and starts another. */
  restart(): Promise<void>;
}

export async function openPodLab(): Promise<PodLab> {
  const lab = await openCriLab();
  let { cri } = lab;
  let pid = lab.endpoints.pid;
  const create: PodLab['create'] = async (podSandboxId, name, more = {}) => {
    const command = ['/bin/busybox', 'sleep', '1000'];
    const config = { metadata: { name }, image: { image: lab.image }, command, logPath: `${name}.log`, ...more };
    return (await cri.runtime.createContainer({ podSandboxId, config: config as unknown as ContainerConfig }))
      .containerId;
  };
  return {
    lab,
    get cri() {
      return cri;
    },
    create,
    async runPod(name, more = {}) {
      const config = { metadata: { name, uid: name, namespace: 'default' }, ...more };
      return (await cri.runtime.runPodSandbox({ config: config as unknown as PodConfig })).podSandboxId;
    },
    async run(podSandboxId, name, more = {}) {
      const containerId = await create(podSandboxId, name, more);
      await cri.runtime.startContainer({ containerId });
      return containerId;
    },
    async said(containerId, script) {
      const cmd = ['/bin/busybox', 'sh', '-c', script];
      const { stdout, stderr } = await cri.runtime.execSync({ containerId, cmd, timeout: 10n });
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    },
    async pidOf(containerId) {
      const { info } = await cri.runtime.containerStatus({ containerId, verbose: true });
      return (JSON.parse(info['info'] ?? '{}') as { pid: number }).pid;
    },
    async removePod(podSandboxId) {
      await cri.runtime.removePodSandbox({ podSandboxId });
    },
    async restart() {
      process.kill(pid, 'SIGKILL');
      ({ pid } = await lab.stillframe.up<Endpoints>(0));
      await cri[Symbol.asyncDispose]();
      cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    },
    async [Symbol.asyncDispose]() {
      await cri[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}
