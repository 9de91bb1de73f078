/** Making a pod's sandbox and its containers, and knowing where the pod is reached. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode } from '@stillframe/core';
import type { Container } from '../manifest/pod-schema.ts';
import { hostsText, type PodFolder, type VolumeSource } from '../volumes/pod-folder.ts';
import { act } from './act.ts';
import { type ActualPod, isReady } from './actual.ts';
import { logDirectory } from './bury.ts';
import { containerConfig } from './container-config.ts';
import { dnsOf } from './dns.ts';
import type { PodFacts, Sources } from './environment.ts';
import { presentImage, StartFailure } from './images.ts';
import type { Desired, Keeping } from './keeping.ts';
import { hostnameOf, type SandboxConfig, sandboxConfig } from './sandbox-config.ts';

/** Milliseconds for calls that lay out or restore gigabytes. */
const LONG = 3_600_000;
/** Seconds that a postStart hook may take; Kubernetes sets no limit. */
const HOOK = 3600;
const HOST_FILE = 64 << 10;

export class PodStarter {
  readonly #keeping: Keeping;
  readonly #desired: Desired;
  readonly #folder: PodFolder;
  #sandboxID: string | undefined;
  #attempt = 0;
  #ips: readonly string[] = [];

  constructor(keeping: Keeping, desired: Desired, folder: PodFolder) {
    this.#keeping = keeping;
    this.#desired = desired;
    this.#folder = folder;
  }

  /** Empty while there is no sandbox. */
  get podIPs(): readonly string[] {
    return this.#ips;
  }

  /** Where its ports are. */
  get ip(): string {
    return this.#ips[0] ?? '127.0.0.1';
  }

  get facts(): PodFacts {
    const { nodeName, hostIP } = this.#keeping;
    return { pod: this.#desired.pod, uid: this.#desired.uid, nodeName, hostIP, podIPs: this.#ips };
  }

  /** Takes in which sandbox is there, and asks for its addresses once. */
  async look(actual: ActualPod | undefined, signal: AbortSignal): Promise<void> {
    const ready = actual?.sandboxes.find(isReady);
    if (ready?.id === this.#sandboxID && (this.#ips.length > 0 || !ready)) return;
    this.#sandboxID = ready?.id;
    this.#attempt = ready?.metadata?.attempt ?? 0;
    this.#ips = [];
    if (!ready) return;
    if (this.#desired.pod.spec.hostNetwork) {
      this.#ips = [this.#keeping.hostIP];
      return;
    }
    try {
      const { status } = await this.#keeping.cri.runtime.podSandboxStatus({ podSandboxId: ready.id }, { signal });
      const { ip = '', additionalIps = [] } = status?.network ?? {};
      this.#ips = [ip, ...additionalIps.map((each) => each.ip)].filter(Boolean);
    } catch (error) {
      // It went away since; the next look tells.
      if (!isCode(error, 'ERR_CRI_NOT_FOUND')) throw error;
    }
  }

  async makeSandbox(attempt: number, sources: Sources, signal: AbortSignal): Promise<void> {
    await this.#volumes(sources);
    const config = await this.#config(attempt);
    await mkdir(config.logDirectory, { recursive: true, mode: 0o755 });
    const runtimeHandler = this.#desired.pod.spec.runtimeClassName ?? '';
    await this.#keeping.cri.runtime.runPodSandbox({ config, runtimeHandler }, { signal });
  }

  /**
   * Makes and starts a container. `fault`: what its postStart hook said where that failed. Throws StartFailure; what was
   * made is gone then.
   */
  async start(
    container: Container,
    attempt: number,
    sources: Sources,
    signal: AbortSignal,
  ): Promise<{ id: string; fault: string | undefined }> {
    const { cri } = this.#keeping;
    const sandbox = await this.#config(this.#attempt);
    const { image, reference } = await presentImage(cri, container, sandbox, signal);
    const volumes = await this.#volumes(sources);
    const config = await this.#containerConfig(container, { attempt, image, reference, volumes, sources });
    // CRI-O makes the file, and not its folder.
    await mkdir(join(sandbox.logDirectory, container.name), { recursive: true, mode: 0o755 });
    const podSandboxId = this.#sandboxID ?? '';
    const request = { podSandboxId, config, sandboxConfig: sandbox };
    const { containerId } = await cri.runtime
      .createContainer(request, { signal, timeoutMs: LONG })
      .catch(failing('CreateContainerError', signal));
    try {
      await cri.runtime.startContainer({ containerId }, { signal, timeoutMs: LONG });
    } catch (error) {
      signal.throwIfAborted();
      await cri.runtime.removeContainer({ containerId }, { signal });
      throw new StartFailure('RunContainerError', error);
    }
    const hook = container.lifecycle.postStart;
    if (!hook) return { id: containerId, fault: undefined };
    const ports = new Map(
      container.ports.flatMap(({ name, containerPort }): [string, number][] => (name ? [[name, containerPort]] : [])),
    );
    const { success, words } = await act(hook, HOOK, { cri, containerID: containerId, ip: this.ip, ports, signal });
    return { id: containerId, fault: success ? undefined : words };
  }

  async #containerConfig(
    container: Container,
    given: Pick<Parameters<typeof containerConfig>[1], 'attempt' | 'image' | 'reference' | 'volumes' | 'sources'>,
  ) {
    const { memory, seccompFolder } = this.#keeping;
    await this.#writeHosts();
    try {
      const facts = { ...given, facts: this.facts, folder: this.#folder, memory, seccompFolder };
      return await containerConfig(container, facts);
    } catch (error) {
      throw new StartFailure('CreateContainerConfigError', error);
    }
  }

  async #volumes(sources: Sources): Promise<Map<string, VolumeSource>> {
    try {
      return await this.#folder.prepare(this.facts, sources);
    } catch (error) {
      throw new StartFailure('CreateContainerConfigError', error);
    }
  }

  async #writeHosts(): Promise<void> {
    const { pod } = this.#desired;
    const host = pod.spec.hostNetwork ? await hostFile('/etc/hosts') : undefined;
    await this.#folder.writeHosts(hostsText(pod, hostnameOf(pod, this.#keeping.nodeName), this.#ips, host));
  }

  async #config(attempt: number): Promise<SandboxConfig> {
    const { pod, uid, file } = this.#desired;
    const { nodeName, owner, logsFolder, hostDns, cgroupParent } = this.#keeping;
    const { name, namespace } = pod.metadata;
    return sandboxConfig(pod, {
      uid,
      attempt,
      file,
      owner,
      cgroupParent,
      hostname: hostnameOf(pod, nodeName),
      logDirectory: logDirectory(logsFolder, { namespace, name, uid }),
      dns: dnsOf(pod.spec, await hostDns()),
    });
  }
}

function failing(reason: string, signal: AbortSignal): (error: unknown) => never {
  return (error) => {
    signal.throwIfAborted();
    throw new StartFailure(reason, error);
  };
}

/** The beginning of a file of the host; empty where it cannot be read. */
async function hostFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.slice(0, HOST_FILE);
}
