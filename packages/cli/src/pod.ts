/** A pod and its containers, started over CRI; what fails is taken down again. */
import { UndoStack } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { NamespaceMode } from '@stillframe/cri/proto';
import { cliError } from './usage.ts';

/** What one container of the pod is. */
export interface ContainerPart {
  name: string;
  /** Image reference, or an archive's path for a restore. */
  image: string;
  /** Whether the image is pulled where it is not there; not for archives. */
  pull: boolean;
  command: readonly string[];
  env: readonly { key: string; value: string }[];
  mounts: readonly { hostPath: string; containerPath: string; readonly: boolean }[];
  annotations?: Readonly<Record<string, string>>;
}

export interface PodRequest {
  kubeNamespace: string;
  pod: string;
  uid: string;
  /** Created in this order, and started once all are. */
  containers: readonly ContainerPart[];
  /** Shares the host's network instead of having one of its own. */
  hostNetwork?: boolean;
  /** Has only a loopback interface. */
  noNetwork?: boolean;
  podAnnotations?: Readonly<Record<string, string>>;
  /** Of pod and containers. */
  labels?: Readonly<Record<string, string>>;
  /** Runtime handler, as a RuntimeClass names it; the node's default where left out. */
  runtime?: string | undefined;
  signal: AbortSignal;
}

export interface StartedContainer {
  sandboxID: string;
  containerID: string;
  logPath: string;
}

const { NODE, POD, CONTAINER } = NamespaceMode;
/** Milliseconds for calls that pull, dump or restore gigabytes. */
const LONG = 3_600_000;

/** RunPodSandbox, PullImage, CreateContainer, StartContainer, as a kubelet does. Answers in the order of the request. */
export async function startPod(client: CriClient, request: PodRequest): Promise<StartedContainer[]> {
  const { signal } = request;
  const sandbox = sandboxOf(request);
  for (const { image, pull } of request.containers) {
    if (!pull) continue;
    const { image: present } = await client.image.imageStatus({ image: { image } }, { signal });
    if (!present) await client.image.pullImage({ image: { image } }, { signal, timeoutMs: LONG });
  }
  await using undo = new UndoStack({ deadline: 60_000 });
  const { podSandboxId } = await client.runtime.runPodSandbox(
    { config: sandbox, runtimeHandler: request.runtime ?? '' },
    { signal },
  );
  undo.push('pod', () => removePod(client, podSandboxId));
  const ids: string[] = [];
  for (const part of request.containers) {
    const config = containerOf(part, sandbox.labels);
    const { containerId } = await client.runtime.createContainer(
      { podSandboxId, config, sandboxConfig: sandbox },
      { signal, timeoutMs: LONG },
    );
    ids.push(containerId);
  }
  const started: StartedContainer[] = [];
  for (const containerId of ids) {
    await client.runtime.startContainer({ containerId }, { signal, timeoutMs: LONG });
    const { status } = await client.runtime.containerStatus({ containerId }, { signal });
    started.push({ sandboxID: podSandboxId, containerID: containerId, logPath: status?.logPath ?? '' });
  }
  undo.keep();
  return started;
}

function sandboxOf(request: PodRequest) {
  return {
    metadata: { name: request.pod, uid: request.uid, namespace: request.kubeNamespace, attempt: 0 },
    labels: {
      ...request.labels,
      'io.kubernetes.pod.name': request.pod,
      'io.kubernetes.pod.namespace': request.kubeNamespace,
      'io.kubernetes.pod.uid': request.uid,
    },
    annotations: {
      ...(request.noNetwork && !request.hostNetwork ? { 'io.stillframe.network': 'none' } : {}),
      ...request.podAnnotations,
    },
    linux: { securityContext: { namespaceOptions: { network: request.hostNetwork ? NODE : POD, pid: CONTAINER } } },
  };
}

function containerOf(part: ContainerPart, labels: Readonly<Record<string, string>>) {
  return {
    metadata: { name: part.name, attempt: 0 },
    image: { image: part.image },
    command: [...part.command],
    envs: part.env.map(({ key, value }) => ({ key, value: new TextEncoder().encode(value) })),
    mounts: [...part.mounts],
    labels: { ...labels, 'io.kubernetes.container.name': part.name },
    annotations: { ...part.annotations },
    logPath: `${part.name}/0.log`,
  };
}

/** Stops and removes a pod with all its containers. */
export async function removePod(client: CriClient, podSandboxId: string): Promise<void> {
  await client.runtime.stopPodSandbox({ podSandboxId });
  await client.runtime.removePodSandbox({ podSandboxId });
}

/** Throws ERR_POD_EXISTS where a pod of that name is there: two of one name could not be told apart by it. */
export async function demandFreeName(
  client: CriClient,
  kubeNamespace: string,
  pod: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await podNames(client, kubeNamespace, signal)).has(pod)) {
    throw cliError('ERR_POD_EXISTS', `there is a pod ${kubeNamespace}/${pod} already`);
  }
}

/** Names of the pods in a Kubernetes namespace. */
export async function podNames(client: CriClient, kubeNamespace: string, signal: AbortSignal): Promise<Set<string>> {
  const { items } = await client.runtime.listPodSandbox({}, { signal });
  return new Set(
    items.filter(({ metadata }) => metadata?.namespace === kubeNamespace).map(({ metadata }) => metadata?.name ?? ''),
  );
}
