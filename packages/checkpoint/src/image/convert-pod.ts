/** The checkpoints of a pod's containers as one image: an index with a manifest a container. */
import { harmless } from '@stillframe/core';
import { buildIndex, type ContentStore, type Descriptor, mediaTypes } from '@stillframe/oci';
import type { Checkpoint } from '../checkpoint.ts';
import { checkpointError } from '../errors.ts';
import { CONTAINER_NAME, encodePodAnnotations } from '../metadata/annotations.ts';
import { type ConvertedImage, type ConvertOptions, convertArchive } from './convert.ts';

/** One container of the pod, with what convertArchive is to be told of it alone. */
export interface PodMember {
  readonly checkpoint: Checkpoint;
  readonly options?: Pick<ConvertOptions, 'knownDigest' | 'knownDiffID' | 'recordedDigest' | 'facts'> | undefined;
}

/** The image of a pod. */
export interface ConvertedPod {
  /** The index, which the tag points at. */
  readonly target: Descriptor;
  /** In the order of the members. */
  readonly containers: readonly ConvertedImage[];
}

/**
 * Converts the checkpoints of one pod into an index in `destination`. The container's name stands on each manifest's
 * descriptor, so that one is found without fetching the others; the index bears no engine's mark, since no engine restores
 * a pod from it. Idempotent; the tag moves last. Throws ERR_POD_ARCHIVES for archives of several pods or two of one
 * container, and what convertArchive throws.
 */
export async function convertPod(
  members: readonly PodMember[],
  destination: ContentStore,
  options: Pick<ConvertOptions, 'tag' | 'incomplete' | 'onProgress' | 'signal'> = {},
): Promise<ConvertedPod> {
  demandOnePod(members.map(({ checkpoint }) => checkpoint));
  const { tag, ...shared } = options;
  const containers: ConvertedImage[] = [];
  for (const { checkpoint, options: own } of members) {
    containers.push(await convertArchive(checkpoint, destination, { ...shared, ...own, child: true }));
  }
  const manifests = containers.map(({ manifest, facts }) => ({
    ...manifest,
    annotations: { [CONTAINER_NAME]: facts.containerName },
  }));
  const annotations = encodePodAnnotations(containers.map(({ facts }) => facts));
  const index = buildIndex({ manifests, annotations });
  const target = await destination.putManifest(index.bytes, mediaTypes.index, { tag, signal: options.signal });
  return { target, containers };
}

/** Throws ERR_POD_ARCHIVES. */
export function demandOnePod(checkpoints: readonly Checkpoint[]): void {
  const containers = checkpoints.map(({ metadata }) => metadata.container);
  const pods = new Set(
    containers.map(({ podName, kubeNamespace, podUid }) => JSON.stringify([kubeNamespace, podName, podUid])),
  );
  if (pods.size > 1) {
    const names = containers.map(({ podName, kubeNamespace }) =>
      podName === undefined ? 'none that it tells' : `${kubeNamespace ?? '?'}/${podName}`,
    );
    throw checkpointError('ERR_POD_ARCHIVES', `the archives are of several pods: ${harmless(names.join(', '))}`);
  }
  const names = containers.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice === undefined) return;
  throw checkpointError('ERR_POD_ARCHIVES', `two of the archives are of container ${harmless(twice)}`);
}
