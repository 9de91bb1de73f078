/** A container as the CRI shows it. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ContainerStatus, MountRequest, ContainerState as NodeState } from '@stillframe/runtime';
import {
  type ContainerSchema,
  ContainerState,
  type ContainerStatusSchema,
  MountPropagation,
  type MountSchema,
} from '../proto.ts';
import { mappingView } from './id-mapping-view.ts';
import { resourcesView } from './resources-view.ts';
import { signalView } from './signal-view.ts';

const STATES: Readonly<Record<NodeState, ContainerState>> = {
  created: ContainerState.CONTAINER_CREATED,
  running: ContainerState.CONTAINER_RUNNING,
  exited: ContainerState.CONTAINER_EXITED,
};

/** The members that Container and ContainerStatus share. */
function shared({ record, state }: ContainerStatus) {
  return {
    id: record.id,
    metadata: { name: record.name, attempt: record.attempt },
    image: { image: record.image.requested },
    imageRef: record.image.repoDigests[0] ?? record.image.id,
    imageId: record.image.id,
    state: STATES[state],
    createdAt: BigInt(record.createdAt),
    labels: record.labels,
    annotations: { ...record.annotations, ...restoreMarks(record.restore) },
  };
}

/**
 * Where a container came from, in containerd's words (checkpoint-spec 4.5). Only reported: they are no annotations of the
 * container, so that a dump of the copy does not carry them on.
 */
function restoreMarks(source: ContainerStatus['record']['restore']): Record<string, string> {
  if (!source) return {};
  return { restored: 'true', checkpointedAt: source.checkpointedAt, checkpointImage: source.requested };
}

export function containerView(status: ContainerStatus) {
  const view = { ...shared(status), podSandboxId: status.record.sandboxID };
  return view satisfies MessageInitShape<typeof ContainerSchema>;
}

export function containerStatusView(status: ContainerStatus) {
  const { record } = status;
  return {
    ...shared(status),
    startedAt: BigInt(record.startedAt ?? 0),
    finishedAt: BigInt(status.finishedAt ?? 0),
    exitCode: status.exitCode ?? 0,
    reason: status.reason,
    message: status.message,
    mounts: record.mounts.map(mountView),
    logPath: record.logPath,
    resources: { linux: resourcesView(record.resources) },
    ...(record.user ? { user: { linux: userView(record.user) } } : {}),
    stopSignal: signalView(record.stopSignal ?? 'SIGTERM'),
  } satisfies MessageInitShape<typeof ContainerStatusSchema>;
}

const PROPAGATION = {
  private: MountPropagation.PROPAGATION_PRIVATE,
  'host-to-container': MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  bidirectional: MountPropagation.PROPAGATION_BIDIRECTIONAL,
} as const;

function mountView(mount: MountRequest) {
  return {
    containerPath: mount.containerPath,
    hostPath: mount.hostPath,
    readonly: mount.readonly,
    uidMappings: (mount.mapping?.uids ?? []).map(mappingView),
    gidMappings: (mount.mapping?.gids ?? []).map(mappingView),
    ...(mount.image ? { image: { image: mount.image.reference, imageRef: mount.image.id ?? '' } } : {}),
    ...(mount.image?.subPath ? { imageSubPath: mount.image.subPath } : {}),
    propagation: PROPAGATION[mount.propagation ?? 'private'],
    recursiveReadOnly: mount.recursiveReadonly ?? false,
    mountOptions: mount.options ?? [],
  } satisfies MessageInitShape<typeof MountSchema>;
}

/** The primary group is among the supplementary ones, as with CRI-O and containerd, which the KEP (3619) took it from. */
function userView({ uid, gid, additionalGids = [] }: NonNullable<ContainerStatus['record']['user']>) {
  const supplementalGroups = [...new Set([gid, ...additionalGids])].map(BigInt);
  return { uid: BigInt(uid), gid: BigInt(gid), supplementalGroups };
}

/** The verbose part; `restored` and `checkpointedAt` are CRI-O's names. */
export function containerInfo({ record }: ContainerStatus): Record<string, string> {
  const info = {
    pid: record.pid ?? 0,
    sandboxID: record.sandboxID,
    ...(record.clamped ? { clamped: record.clamped } : {}),
    restored: record.restore !== undefined,
    ...(record.restore ? { altered: record.restore.altered ?? [] } : {}),
    ...(record.restore ? { checkpointedAt: record.restore.checkpointedAt, restoredFrom: record.restore } : {}),
    ...(record.lastCheckpoint ? { lastCheckpoint: record.lastCheckpoint } : {}),
  };
  return { info: JSON.stringify(info) };
}
