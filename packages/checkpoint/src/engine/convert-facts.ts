/** What the documents of another engine are made of, out of those of the one that wrote the archive. */
import type { Checkpoint } from '../checkpoint.ts';
import { checkpointError } from '../errors.ts';
import type { TargetFacts } from './target.ts';

/** An id of an image as engines write it, with or without the algorithm. */
const IMAGE_ID = /^(?:sha256:)?([0-9a-f]{64})$/;
const REPO_DIGEST = /[^"[\],\s]+@sha256:[0-9a-f]{64}/g;

/** Throws ERR_CHECKPOINT_CONVERSION for an archive that names no base image. */
export function convertFacts({ metadata, documents }: Checkpoint): TargetFacts {
  const { container, image } = metadata;
  const annotations = documents.spec?.annotations ?? new Map<string, string>();
  const crio = (key: string) => annotations.get(`io.kubernetes.cri-o.${key}`) ?? '';
  const name = image.name ?? image.requested;
  if (name === undefined) throw checkpointError('ERR_CHECKPOINT_CONVERSION', 'it names no base image');
  const ids = [image.ref ?? '', crio('ImageRef')].map((ref) => IMAGE_ID.exec(ref)?.[1]);
  // CRI-O writes one bare reference, we a list of them.
  const repoDigests = [
    ...(crio('ImageRepoDigests').match(REPO_DIGEST) ?? []),
    ...(image.ref?.match(REPO_DIGEST) ?? []),
  ];
  return {
    containerID: container.id ?? '',
    containerName: container.name ?? 'container',
    attempt: 0,
    podName: container.podName ?? '',
    kubeNamespace: container.kubeNamespace ?? '',
    podUid: container.podUid ?? '',
    sandboxID: container.sandboxId ?? '',
    image: {
      requested: image.requested ?? name,
      name,
      repoDigests: [...new Set(repoDigests)],
      id: ids.find((id) => id !== undefined),
    },
    createdAt: metadata.created ?? '',
    checkpointedAt: metadata.checkpointed ?? new Date(0).toISOString(),
    labels: metadata.labels,
    annotations: metadata.annotations,
    logPath: '',
    // containerd names its shim `io.containerd.runc.v2`, others the runtime.
    ociRuntime: /^io\.containerd\.(\w+)\.v\d+$/.exec(metadata.ociRuntime ?? '')?.[1] ?? metadata.ociRuntime,
    restored: metadata.restored,
  };
}
