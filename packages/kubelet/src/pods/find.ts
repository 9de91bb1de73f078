/** Pods and containers as a runtime lists them. */
import type { CriClient } from '@stillframe/cri/client';
import { type Container, ContainerState, type PodSandbox, PodSandboxState } from '@stillframe/cri/proto';
import type { ContainerAddress } from '../checkpoint/names.ts';

/** A pod is its newest sandbox, a ready one before any other. */
export interface Pod {
  readonly sandbox: PodSandbox;
  /** Every container of the sandbox, in any state, newest first. */
  readonly containers: readonly Container[];
}

/** What a call about pods waits for. */
export interface LookupOptions {
  signal?: AbortSignal;
}

/** The pod of that name, or undefined when the runtime has no sandbox of it. Throws ERR_CRI_*. */
export async function findPod(
  cri: CriClient,
  { kubeNamespace, pod }: Pick<ContainerAddress, 'kubeNamespace' | 'pod'>,
  options: LookupOptions = {},
): Promise<Pod | undefined> {
  // By metadata and not by label: only a kubelet sets the labels, crictl does not.
  const { items } = await cri.runtime.listPodSandbox({}, options);
  const sandbox = items
    .filter(({ metadata }) => metadata?.name === pod && metadata.namespace === kubeNamespace)
    .sort(readyThenNewest)[0];
  if (!sandbox) return undefined;
  const { containers } = await cri.runtime.listContainers({ filter: { podSandboxId: sandbox.id } }, options);
  return { sandbox, containers: ownContainers(containers, sandbox) };
}

/** Every pod, sorted by namespace and name. Throws ERR_CRI_*. */
export async function listPods(cri: CriClient, options: LookupOptions = {}): Promise<Pod[]> {
  const { items } = await cri.runtime.listPodSandbox({}, options);
  const { containers } = await cri.runtime.listContainers({}, options);
  const pods = new Map<string, Pod>();
  for (const sandbox of items.toSorted(readyThenNewest)) {
    const key = `${sandbox.metadata?.namespace}/${sandbox.metadata?.name}`;
    if (!pods.has(key)) pods.set(key, { sandbox, containers: ownContainers(containers, sandbox) });
  }
  return [...pods].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pod]) => pod);
}

/** The running container of that name, the newest when a runtime lists several. */
export function runningContainer(pod: Pod, name: string): Container | undefined {
  return pod.containers.find(
    ({ metadata, state }) => metadata?.name === name && state === ContainerState.CONTAINER_RUNNING,
  );
}

/** Whether the pod has a container of that name in any state. */
export function hasContainer(pod: Pod, name: string): boolean {
  return pod.containers.some(({ metadata }) => metadata?.name === name);
}

function ownContainers(containers: readonly Container[], sandbox: PodSandbox): Container[] {
  return containers.filter(({ podSandboxId }) => podSandboxId === sandbox.id).sort(newest);
}

function readyThenNewest(a: PodSandbox, b: PodSandbox): number {
  const ready = (sandbox: PodSandbox) => (sandbox.state === PodSandboxState.SANDBOX_READY ? 0 : 1);
  return ready(a) - ready(b) || newest(a, b);
}

function newest(a: { createdAt: bigint }, b: { createdAt: bigint }): number {
  return a.createdAt === b.createdAt ? 0 : a.createdAt > b.createdAt ? -1 : 1;
}
