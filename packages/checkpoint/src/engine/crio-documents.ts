/** What CRI-O reads of an archive: config.dump, and the annotations of spec.dump (checkpoint-spec 2.5, 2.6). */
import type { TargetFacts } from './target.ts';

const PREFIX = 'io.kubernetes.cri-o.';

/** config.dump (checkpointctl's ContainerConfig). An id that is not known is left out: CRI-O then goes by the name. */
export function crioConfigDump(facts: TargetFacts): Record<string, unknown> {
  return {
    id: facts.containerID,
    name: nameOf(facts),
    rootfsImage: facts.image.requested,
    ...(facts.image.id === undefined ? {} : { rootfsImageRef: facts.image.id }),
    rootfsImageName: facts.image.name,
    runtime: facts.ociRuntime,
    createdTime: facts.createdAt,
    checkpointedTime: facts.checkpointedAt,
    restoredTime: '0001-01-01T00:00:00Z',
    restored: facts.restored ?? false,
  };
}

/** The annotations by which CRI-O, and whoever reads its archives, knows the container. */
export function crioAnnotations(facts: TargetFacts): Record<string, string> {
  const { containerName, podName, kubeNamespace, podUid, image } = facts;
  return {
    // checkpointctl and CRI-O know an engine by this value only; our own annotations say who really wrote it.
    'io.container.manager': 'cri-o',
    'io.kubernetes.pod.name': podName,
    'io.kubernetes.pod.namespace': kubeNamespace,
    'io.kubernetes.pod.uid': podUid,
    'io.kubernetes.container.name': containerName,
    [`${PREFIX}Annotations`]: JSON.stringify(facts.annotations),
    [`${PREFIX}Labels`]: JSON.stringify(facts.labels),
    [`${PREFIX}Metadata`]: JSON.stringify({ name: containerName, attempt: facts.attempt }),
    [`${PREFIX}ContainerID`]: facts.containerID,
    [`${PREFIX}ContainerType`]: 'container',
    [`${PREFIX}Created`]: facts.createdAt,
    [`${PREFIX}Image`]: image.requested,
    [`${PREFIX}ImageName`]: image.name,
    ...(image.id === undefined ? {} : { [`${PREFIX}ImageRef`]: image.id }),
    [`${PREFIX}ImageRepoDigests`]: JSON.stringify(image.repoDigests),
    [`${PREFIX}LogPath`]: facts.logPath,
    [`${PREFIX}Name`]: nameOf(facts),
    [`${PREFIX}SandboxID`]: facts.sandboxID,
    [`${PREFIX}SandboxName`]: `k8s_POD_${podName}_${kubeNamespace}_${podUid}_0`,
    [`${PREFIX}Stdin`]: 'false',
    [`${PREFIX}StdinOnce`]: 'false',
    [`${PREFIX}TTY`]: 'false',
    [`${PREFIX}Volumes`]: '[]',
  };
}

function nameOf({ containerName, podName, kubeNamespace, podUid, attempt }: TargetFacts): string {
  return `k8s_${containerName}_${podName}_${kubeNamespace}_${podUid}_${attempt}`;
}
