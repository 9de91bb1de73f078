/** The answer of GET /pods: a Kubernetes v1 PodList with what a runtime knows, which is less than a kubelet does. */

import { type Container, ContainerState, PodSandboxState } from '@stillframe/cri/proto';
import { rfc3339Seconds } from '../supervise/status.ts';
import type { PodDocument } from '../supervise/supervisor.ts';
import type { Pod } from './find.ts';

/**
 * A PodList as plain data. `runtimeName` makes the scheme of container ids, `nodeName` goes into every spec; `kept`: pods
 * of which more is known, in the place of those that the runtime has by their names.
 */
export function podList(
  pods: readonly Pod[],
  nodeName: string,
  runtimeName: string,
  kept: readonly PodDocument[] = [],
) {
  const names = new Set(kept.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  const others = pods.filter(({ sandbox: { metadata } }) => !names.has(`${metadata?.namespace}/${metadata?.name}`));
  return {
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: {},
    items: [...kept, ...others.map((pod) => item(pod, nodeName, runtimeName))],
  };
}

function item({ sandbox, containers }: Pod, nodeName: string, runtimeName: string) {
  const latest = latestByName(containers);
  const createdAt = rfc3339Seconds(Number(sandbox.createdAt / 1_000_000n));
  return {
    metadata: {
      name: sandbox.metadata?.name ?? '',
      namespace: sandbox.metadata?.namespace ?? '',
      uid: sandbox.metadata?.uid ?? '',
      creationTimestamp: createdAt,
      labels: sandbox.labels,
      annotations: sandbox.annotations,
    },
    spec: { nodeName, containers: latest.map((c) => ({ name: c.metadata?.name ?? '', image: imageName(c) })) },
    status: {
      phase: phase(sandbox.state, latest),
      conditions: conditionsOf(sandbox.state, latest),
      startTime: createdAt,
      containerStatuses: latest.map((container) => containerStatus(container, runtimeName)),
    },
  };
}

function containerStatus(container: Container, runtimeName: string) {
  const running = isRunning(container);
  return {
    name: container.metadata?.name ?? '',
    containerID: `${runtimeName}://${container.id}`,
    image: imageName(container),
    imageID: container.imageRef,
    restartCount: container.metadata?.attempt ?? 0,
    ready: running,
    started: running,
    state: containerState(container.state),
  };
}

function containerState(state: ContainerState) {
  if (state === ContainerState.CONTAINER_RUNNING) return { running: {} };
  if (state === ContainerState.CONTAINER_EXITED) return { terminated: {} };
  return { waiting: {} };
}

/** Succeeded and Failed are never said: a list has no exit codes. */
function phase(state: PodSandboxState, containers: readonly Container[]): string {
  if (state !== PodSandboxState.SANDBOX_READY) return 'Unknown';
  return containers.some(isRunning) ? 'Running' : 'Pending';
}

/** Nothing asks a pod that nobody keeps whether it is ready: it is while all of it runs. */
function conditionsOf(state: PodSandboxState, containers: readonly Container[]) {
  const made = state === PodSandboxState.SANDBOX_READY;
  const ready = made && containers.length > 0 && containers.every(isRunning);
  const all = { PodReadyToStartContainers: made, Initialized: made, Ready: ready, ContainersReady: ready };
  return Object.entries({ ...all, PodScheduled: true }).map(([type, holds]) => ({
    type,
    status: holds ? 'True' : 'False',
  }));
}

/** One container a name: the newest that runs, else the newest. */
function latestByName(newestFirst: readonly Container[]): Container[] {
  const byName = new Map<string, Container>();
  for (const container of newestFirst) {
    const name = container.metadata?.name ?? '';
    const known = byName.get(name);
    if (!known || (!isRunning(known) && isRunning(container))) byName.set(name, container);
  }
  return [...byName.values()];
}

function isRunning(container: Container): boolean {
  return container.state === ContainerState.CONTAINER_RUNNING;
}

function imageName(container: Container): string {
  return container.image?.userSpecifiedImage || container.image?.image || container.imageRef;
}
