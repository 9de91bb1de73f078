/** `namespace/pod/container`, as the kubelet's API names a container, and finding it over any CRI. */
import type { CriClient } from '@stillframe/cri/client';
import { ContainerState } from '@stillframe/cri/proto';
import { type ContainerAddress, isDnsLabel, isDnsSubdomain } from '@stillframe/kubelet/names';
import { cliError } from '../usage.ts';

/** Kubernetes' own rules: a namespace and a container are DNS labels, a pod is a DNS subdomain. */
const RULE = 'lower-case letters, digits and hyphens';

/** How a container is addressed, for `--help`. */
export const ADDRESS_HELP = 'NAMESPACE/POD/CONTAINER, or POD/CONTAINER in the namespace default';

/** `pod/container` means the namespace `default`. Throws ERR_USAGE_ARGUMENT. */
export function parseAddress(text: string): ContainerAddress {
  const parts = text.split('/');
  if (parts.length === 2) parts.unshift('default');
  const [kubeNamespace, pod, container] = parts;
  if (parts.length !== 3 || !kubeNamespace || !pod || !container) {
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is not ${ADDRESS_HELP}`);
  }
  demandNames({ kubeNamespace, pod, container });
  return { kubeNamespace, pod, container };
}

export function addressText({ kubeNamespace, pod, container }: ContainerAddress): string {
  return `${kubeNamespace}/${pod}/${container}`;
}

export interface PodView {
  sandboxID: string;
  kubeNamespace: string;
  pod: string;
  ready: boolean;
  containers: ContainerView[];
}

export interface ContainerView {
  id: string;
  name: string;
  attempt: number;
  image: string;
  /** The image as the container's request named it, where the runtime says that. */
  requestedImage?: string | undefined;
  /** The image as the runtime resolved it; empty where it does not say. */
  imageRef?: string;
  state: 'created' | 'running' | 'exited' | 'unknown';
}

const STATES = new Map<number, ContainerView['state']>([
  [ContainerState.CONTAINER_CREATED, 'created'],
  [ContainerState.CONTAINER_RUNNING, 'running'],
  [ContainerState.CONTAINER_EXITED, 'exited'],
]);

/** Pods with their containers, oldest first. Text is the runtime's own. */
export async function listPods(client: CriClient, signal: AbortSignal): Promise<PodView[]> {
  const [{ items }, { containers }] = await Promise.all([
    client.runtime.listPodSandbox({}, { signal }),
    client.runtime.listContainers({}, { signal }),
  ]);
  return items
    .toSorted((a, b) => Number(a.createdAt - b.createdAt))
    .map((sandbox) => ({
      sandboxID: sandbox.id,
      kubeNamespace: sandbox.metadata?.namespace ?? '',
      pod: sandbox.metadata?.name ?? '',
      ready: sandbox.state === 0,
      containers: containers
        .filter((container) => container.podSandboxId === sandbox.id)
        .map((container) => ({
          id: container.id,
          name: container.metadata?.name ?? '',
          attempt: container.metadata?.attempt ?? 0,
          image: container.image?.image ?? '',
          requestedImage: container.image?.userSpecifiedImage || undefined,
          imageRef: container.imageRef,
          state: STATES.get(container.state) ?? 'unknown',
        })),
    }));
}

/** Throws ERR_USAGE_ARGUMENT where a name is not one that Kubernetes would take. */
export function demandNames({ kubeNamespace, pod, container }: ContainerAddress): void {
  const wrong =
    (!isDnsLabel(kubeNamespace) && kubeNamespace) ||
    (!isDnsSubdomain(pod) && pod) ||
    (!isDnsLabel(container) && container);
  if (wrong) throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(wrong)} is no name: ${RULE}`);
}

/** An id, or its beginning as `pods` prints it. */
function isContainerID(text: string): boolean {
  return /^[0-9a-f]{6,64}$/.test(text);
}

/** Throws ERR_USAGE_ARGUMENT where `text` can be neither an address nor an id: findContainer would only say so later. */
export function demandTarget(text: string): void {
  if (!isContainerID(text)) parseAddress(text);
}

export interface FoundContainer {
  pod: PodView;
  container: ContainerView;
}

/**
 * The container that `text` means: NAMESPACE/POD/CONTAINER, or an id or its beginning as `pods` prints it. Of several
 * with one name the only running one. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_AMBIGUOUS with the ids.
 */
export async function findContainer(client: CriClient, text: string, signal: AbortSignal): Promise<FoundContainer> {
  const all = (await listPods(client, signal)).flatMap((pod) =>
    pod.containers.map((container) => ({ pod, container })),
  );
  const found = isContainerID(text)
    ? all.filter(({ container }) => container.id.startsWith(text))
    : named(all, parseAddress(text));
  const running = found.filter(({ container }) => container.state === 'running');
  const [only, ...others] = running.length > 0 ? running : found.slice(-1);
  if (!only) throw cliError('ERR_CONTAINER_NOT_FOUND', `there is no container ${text}`);
  if (others.length > 0) {
    const ids = running.map(({ container }) => container.id.slice(0, 13)).join(', ');
    throw cliError('ERR_CONTAINER_AMBIGUOUS', `${running.length} running containers are called ${text}: ${ids}`);
  }
  return only;
}

function named(all: readonly FoundContainer[], address: ContainerAddress): FoundContainer[] {
  return all.filter(
    ({ pod, container }) =>
      pod.kubeNamespace === address.kubeNamespace && pod.pod === address.pod && container.name === address.container,
  );
}
