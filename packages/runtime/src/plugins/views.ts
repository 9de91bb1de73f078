/** Pods and containers as plugins see them. */
import { type ContainerInit, ContainerState, type PodInit } from '@stillframe/nri';
import { containerFolders } from '../container/folders.ts';
import { type ContainerStatus, statusOf } from '../container/status.ts';
import type { NodeContext } from '../context.ts';
import type { ContainerRecord, ImageUse, SandboxRecord } from '../store/records.ts';
import { limitsView } from './limits.ts';
import { type PluginSpec, readPluginSpec } from './spec-view.ts';

export function podView(sandbox: SandboxRecord): PodInit {
  const { identity, network, namespaces, cgroupParent } = sandbox;
  const kinds = Object.entries(namespaces).map(([kind, path]) => ({ type: kind === 'net' ? 'network' : kind, path }));
  return {
    id: sandbox.id,
    name: identity.name,
    uid: identity.uid,
    namespace: identity.kubeNamespace,
    labels: { ...sandbox.labels },
    annotations: { ...sandbox.annotations },
    runtimeHandler: sandbox.runtimeHandler,
    linux: { cgroupParent, namespaces: kinds },
    ips: [...(network?.ips ?? [])],
  };
}

const STATES = {
  created: ContainerState.CONTAINER_CREATED,
  running: ContainerState.CONTAINER_RUNNING,
  exited: ContainerState.CONTAINER_STOPPED,
} as const;

/** A container that is there, with what its bundle says as long as it has one. */
export async function containerView(context: NodeContext, record: ContainerRecord): Promise<ContainerInit> {
  const status = await statusOf(context, record);
  const spec = await readPluginSpec(containerFolders(context, record.id).spec);
  return containerInit(record, spec, status);
}

/** `status` is left out for one that is just coming into being. */
export function containerInit(record: ContainerRecord, spec?: PluginSpec, status?: ContainerStatus): ContainerInit {
  const first = spec?.process;
  return {
    id: record.id,
    podSandboxId: record.sandboxID,
    name: record.name,
    state: status ? STATES[status.state] : ContainerState.CONTAINER_UNKNOWN,
    labels: { ...record.labels },
    annotations: { ...record.annotations },
    args: [...(first?.args ?? [])],
    env: [...(first?.env ?? [])],
    mounts: (spec?.mounts ?? []).map((mount) => ({ ...mount, options: [...(mount.options ?? [])] })),
    hooks: hooksView(spec?.hooks ?? {}),
    linux: linuxView(record, spec),
    pid: status?.state === 'running' ? (record.pid ?? 0) : 0,
    rlimits: (first?.rlimits ?? []).map(({ type, hard, soft }) => ({
      type,
      hard: BigInt(hard),
      soft: BigInt(soft),
    })),
    createdAt: BigInt(record.createdAt),
    startedAt: BigInt(record.startedAt ?? 0),
    finishedAt: BigInt(status?.finishedAt ?? 0),
    exitCode: status?.exitCode ?? 0,
    statusReason: status?.reason ?? '',
    statusMessage: status?.message ?? '',
    user: userView(record, spec),
    image: imageView(record.image),
  };
}

function userView(record: ContainerRecord, spec: PluginSpec | undefined) {
  const { uid = 0, gid = 0, additionalGids = [] } = spec?.process.user ?? record.user ?? {};
  return { uid, gid, additionalGids: [...additionalGids] };
}

function imageView({ requested, repoDigests, id }: ImageUse) {
  const digest = repoDigests[0]?.split('@')[1] ?? '';
  return { name: requested, digest, configDigest: `sha256:${id}` };
}

function hooksView(hooks: NonNullable<PluginSpec['hooks']>) {
  return Object.fromEntries(
    Object.entries(hooks).map(([kind, list]) => [
      kind,
      list.map(({ path, args = [], env = [], timeout }) => ({
        path,
        args: [...args],
        env: [...env],
        ...(timeout === undefined ? {} : { timeout: { value: BigInt(timeout) } }),
      })),
    ]),
  );
}

function linuxView(record: ContainerRecord, spec: PluginSpec | undefined): NonNullable<ContainerInit['linux']> {
  const score = spec?.process.oomScoreAdj;
  return {
    namespaces: (spec?.linux.namespaces ?? []).map(({ type, path = '' }) => ({ type, path })),
    devices: (spec?.linux.devices ?? []).map(({ path, type, major, minor, fileMode, uid, gid }) => ({
      path,
      type,
      major: BigInt(major),
      minor: BigInt(minor),
      ...(fileMode === undefined ? {} : { fileMode: { value: fileMode } }),
      ...(uid === undefined ? {} : { uid: { value: uid } }),
      ...(gid === undefined ? {} : { gid: { value: gid } }),
    })),
    resources: limitsView(record.resources),
    ...(score === undefined ? {} : { oomScoreAdj: { value: BigInt(score) } }),
    cgroupsPath: spec?.linux.cgroupsPath ?? '',
    sysctl: { ...spec?.linux.sysctl },
  };
}
