/** One pod of a cluster, where it runs, and which of its containers are meant. */
import { at, harmless, isCode, type JsonObject, listAt, textAt } from '@stillframe/core';
import { apiPath, type CallOptions, type ClusterApi } from '../api/cluster-api.ts';
import { clusterError } from '../errors.ts';

export interface PodName {
  readonly kubeNamespace: string;
  readonly pod: string;
}

/** A running container of a pod, as its status names it. */
export interface PodContainer {
  readonly name: string;
  /** Without the runtime's name before it. */
  readonly id: string;
  readonly image: string;
  readonly imageID: string;
}

export interface FoundPod extends PodName {
  readonly uid: string;
  readonly node: string;
  /** The runtime as the container ids name it: `cri-o`, `containerd`. */
  readonly runtime: string;
  readonly containers: readonly PodContainer[];
  /** The pod as the API server told it. */
  readonly document: JsonObject;
}

/** Path of a pod, or of something below it. */
export function podPath({ kubeNamespace, pod }: PodName, ...below: readonly string[]): string {
  return apiPath('api', 'v1', 'namespaces', kubeNamespace, 'pods', pod, ...below);
}

/**
 * The pod and its running containers. Throws ERR_CLUSTER_NOT_FOUND, ERR_CLUSTER_NOT_RUNNING where it has no node or none of them
 * runs, and what the API server says.
 */
export async function findPod(api: ClusterApi, name: PodName, options: CallOptions = {}): Promise<FoundPod> {
  const shown = harmless(`${name.kubeNamespace}/${name.pod}`);
  let document: JsonObject;
  try {
    document = await api.get(podPath(name), options);
  } catch (cause) {
    if (!isCode(cause, 'ERR_CLUSTER_NOT_FOUND')) throw cause;
    throw clusterError('ERR_CLUSTER_NOT_FOUND', `there is no pod ${shown} in ${harmless(api.access.context)}`, {
      cause,
    });
  }
  const node = textAt(document, 'spec', 'nodeName');
  const statuses = ['containerStatuses', 'initContainerStatuses'].flatMap((key) => listAt(document, 'status', key));
  const running = statuses.filter((status) => at(status, 'state', 'running') !== undefined);
  const phase = textAt(document, 'status', 'phase') || 'unknown';
  if (node === '' || running.length === 0) {
    throw clusterError('ERR_CLUSTER_NOT_RUNNING', `no container of ${shown} runs: it is ${harmless(phase)}`, {
      details: { phase },
    });
  }
  return {
    ...name,
    node,
    document,
    uid: textAt(document, 'metadata', 'uid'),
    runtime: /^([^:]+):\/\//.exec(textAt(running[0], 'containerID'))?.[1] ?? '',
    containers: running.map((status) => ({
      name: textAt(status, 'name'),
      id: textAt(status, 'containerID').replace(/^.*:\/\//, ''),
      image: textAt(status, 'image'),
      imageID: textAt(status, 'imageID'),
    })),
  };
}

/** The one that kubectl would take, too: by annotation, or the only one. */
const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

/** The container of that name, or the only one. Throws ERR_CLUSTER_NOT_RUNNING, ERR_CLUSTER_AMBIGUOUS with the names. */
export function chooseContainer(found: FoundPod, wanted: string | undefined): PodContainer {
  const name = wanted ?? (textAt(found.document, 'metadata', 'annotations', DEFAULT_CONTAINER) || undefined);
  const names = found.containers.map((each) => harmless(each.name)).join(', ');
  const shown = harmless(`${found.kubeNamespace}/${found.pod}`);
  if (name !== undefined) {
    const container = found.containers.find((each) => each.name === name);
    if (container) return container;
    throw clusterError('ERR_CLUSTER_NOT_RUNNING', `no container ${harmless(name)} of ${shown} runs, but ${names}`);
  }
  const [only, ...others] = found.containers;
  if (only && others.length === 0) return only;
  throw clusterError('ERR_CLUSTER_AMBIGUOUS', `${shown} has ${found.containers.length} running containers: ${names}`);
}
