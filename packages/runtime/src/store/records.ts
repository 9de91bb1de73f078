/** What the node remembers of a sandbox and of a container. Plain data: it is written as JSON. */
import type { Diagnostic } from '@stillframe/core';
import type { StoredRecord } from './record-store.ts';

/** Who a sandbox is, in Kubernetes' words (CRI PodSandboxMetadata). */
export interface SandboxIdentity {
  name: string;
  uid: string;
  kubeNamespace: string;
  attempt: number;
}

/** A run of ids: `length` of them, from `containerID` on inside, from `hostID` on on the host. */
export interface IdMapping {
  containerID: number;
  hostID: number;
  length: number;
}

/** Which ids of the host the users and groups of a pod are. */
export interface UserMapping {
  uids: IdMapping;
  gids: IdMapping;
}

export interface SandboxRecord extends StoredRecord {
  identity: SandboxIdentity;
  hostname: string;
  logDirectory: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  runtimeHandler: string;
  cgroupParent: string;
  /** Namespaces kept as bind mounts; a kind that is missing is the host's. */
  namespaces: Partial<Record<'net' | 'ipc' | 'uts' | 'pid' | 'user', string>>;
  /** Of its user namespace; absent where the pod's users are the host's. */
  userMapping?: UserMapping;
  /** Where containers that ask for nothing else have their processes; `container` where absent. */
  pidMode?: 'container' | 'pod' | 'node';
  /** How the pod is reached; a record without it is of a node that gave loopback only. */
  network?: SandboxNetwork;
  /** Whether privileged containers may be made in it; not known where absent. */
  privileged?: boolean;
  /** Nanoseconds since 1970, as a decimal string: it exceeds 2^53. */
  createdAt: string;
  ready: boolean;
}

/** The network of a pod: the host's, its loopback interface alone, a CNI network, or a link that leads nowhere. */
export interface SandboxNetwork {
  kind: 'host' | 'loopback' | 'cni' | 'sinkhole';
  /** The CNI network's name. */
  name?: string;
  /** Without prefix lengths; the first is the pod's own. */
  ips: string[];
  /** Why there is only loopback, where more was asked for. */
  reason?: string;
  /** File in which a sinkhole records packets. */
  pcap?: string;
}

/** A mount asked for by the client (CRI Mount). */
export interface MountRequest {
  containerPath: string;
  /** Of an image volume: where it is mounted on the host, empty in a request. */
  hostPath: string;
  /** What is mounted is an image or a part of it; `id` is known once it is mounted. */
  image?: { reference: string; subPath?: string; id?: string };
  readonly: boolean;
  /** Owners are seen through it; it must be the pod's own. */
  mapping?: { uids: IdMapping[]; gids: IdMapping[] };
  /** How mounts made later travel; `private` where absent. */
  propagation?: 'private' | 'host-to-container' | 'bidirectional';
  /** Mounts below the source are read-only, too. */
  recursiveReadonly?: boolean;
  /** Further mount options, such as `noexec`. */
  options?: string[];
}

/** A host device asked for by the client (CRI Device). */
export interface DeviceRequest {
  hostPath: string;
  /** Empty: the same as on the host. */
  containerPath: string;
  /** Of the letters r, w and m; empty: all. */
  permissions: string;
}

/** Resources that are enforced through cgroups (CRI LinuxContainerResources); 0 or absent: unlimited. */
export interface Resources {
  cpuPeriod?: number;
  cpuQuota?: number;
  cpuShares?: number;
  memoryLimitInBytes?: number;
  memorySwapLimitInBytes?: number;
  pidsLimit?: number;
  oomScoreAdj?: number;
  cpusetCpus?: string;
  cpusetMems?: string;
  hugepageLimits?: { pageSize: string; limit: number }[];
  /** File name in the cgroup v2 folder to its content. */
  unified?: Record<string, string>;
}

export interface ImageUse {
  /** What the client wrote. */
  requested: string;
  /** Name under which it was pulled, where it has one. */
  name: string;
  /** Image id: the 64 hexadecimal digits of the config's digest. */
  id: string;
  repoDigests: string[];
}

/** What is known of the checkpoint that a container came from. */
export interface RestoreSource {
  /** The archive path or checkpoint image reference that the client gave as image. */
  requested: string;
  engine: string;
  /** RFC 3339, from the checkpoint's own metadata. */
  checkpointedAt: string;
  /** Id of the container that was checkpointed. */
  sourceContainerID: string;
  /** Names of variables that the request gives otherwise than the memory has them; they have no effect. */
  ignoredEnvironment?: string[];
  /** What was changed in this copy, or in one that its checkpoint came from, in words; absent for a true copy. */
  altered?: string[];
  /** What was wrong with the archive, made harmless; absent where nothing was. */
  diagnostics?: Diagnostic[];
  /** Digest of the archive's bytes, where it was known or computed. */
  archiveDigest?: string;
}

export interface CheckpointFigures {
  location: string;
  at: string;
  /** Microseconds from before the freeze to after the thaw, measured outside the container. */
  truePause: number;
  /** Microseconds that the filesystem's changes took: a share of the pause where `frozen`, after it where `live`. */
  rootfs: { taken: 'frozen' | 'live'; duration: number };
  digest: string;
  size: number;
}

export interface ContainerRecord extends StoredRecord {
  sandboxID: string;
  name: string;
  attempt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  image: ImageUse;
  logPath: string;
  mounts: MountRequest[];
  /** Bind mounts that NRI plugins have added. */
  pluginMounts?: { hostPath: string; containerPath: string }[];
  resources: Resources;
  /** What of the resources, and of what plugins want, could not be set as asked, in words. */
  clamped?: string[];
  devices?: DeviceRequest[];
  /** Who the first process is. */
  user?: { uid: number; gid: number; additionalGids?: number[] };
  stdin?: boolean;
  stdinOnce?: boolean;
  terminal?: boolean;
  /** Name of the signal that stops the container; SIGTERM where absent. */
  stopSignal?: string;
  createdAt: string;
  /** When StartContainer began; there without `startedAt` where a node did not live to see how that ended. */
  startingAt?: string;
  startedAt?: string;
  /** First process, with its start time (clock ticks since boot) to tell it from a later process of the same pid. */
  pid?: number;
  pidStart?: string;
  restore?: RestoreSource;
  lastCheckpoint?: CheckpointFigures;
  /** Reason of a start or restore that failed; such a container counts as exited. */
  startError?: string;
}
