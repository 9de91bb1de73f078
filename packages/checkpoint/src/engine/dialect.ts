/** What an engine dialect is, and the one shape that all of them read into. */
import type { ArchiveEntry } from '../archive/tar-entry.ts';
import type { ConfigDump } from '../metadata/config-dump.ts';
import type { Documents } from '../metadata/documents.ts';
import type { SpecDump, SpecMount } from '../metadata/spec-dump.ts';
import type { CaptureFacts } from './stillframe-annotations.ts';

/** Who wrote a checkpoint. */
export type Engine = 'stillframe' | 'cri-o' | 'containerd' | 'podman' | 'docker';

/** Who and what was checkpointed. All text is raw and untrusted; make it harmless where it is shown. */
export interface CheckpointMetadata {
  /** Undefined where no dialect recognised the archive: a bare CRIU folder, or a stranger's archive. */
  readonly engine: Engine | undefined;
  /** Where the engine records it: only Stillframe does in its archives. */
  readonly engineVersion: string | undefined;
  readonly container: {
    readonly id: string | undefined;
    /** As the pod or the user called it, not the engine's composed name. */
    readonly name: string | undefined;
    readonly podName: string | undefined;
    readonly kubeNamespace: string | undefined;
    readonly podUid: string | undefined;
    readonly sandboxId: string | undefined;
  };
  readonly image: {
    /** As the engine resolved it. */
    readonly name: string | undefined;
    /** Image id or digest reference. */
    readonly ref: string | undefined;
    /** As the user asked for it. */
    readonly requested: string | undefined;
  };
  /** `runc`, `crun`, `io.containerd.runc.v2`. */
  readonly ociRuntime: string | undefined;
  /** RFC 3339, as written. */
  readonly created: string | undefined;
  /** RFC 3339, as written: the moment before the dump. */
  readonly checkpointed: string | undefined;
  /** Whether the container had itself been restored from a checkpoint. */
  readonly restored: boolean | undefined;
  /** Address of the pod or container, where recorded. */
  readonly ip: string | undefined;
  /** Annotations and labels of the Kubernetes container or the podman container. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the archive entry that holds the container's log. */
  readonly logEntry: string | undefined;
  readonly mounts: readonly SpecMount[];
  /** What only Stillframe records in its archives. */
  readonly capture: CaptureFacts | undefined;
}

/** One engine's way to write a checkpoint archive. */
export interface EngineDialect {
  readonly engine: Engine;
  /** Whether this engine wrote the archive, judged by entry names and the spec's annotations alone. */
  detect(entries: ReadonlyMap<string, ArchiveEntry>, spec: SpecDump | undefined): boolean;
  /** Reads what the documents say. Pure; what is not recorded is undefined. */
  readMetadata(documents: Documents, entries: ReadonlyMap<string, ArchiveEntry>): CheckpointMetadata;
}

/** The parts that all engines record alike; a dialect spreads them and overrides what it knows better. */
export function sharedMetadata(documents: Documents): CheckpointMetadata {
  const config: Partial<ConfigDump> = documents.config ?? {};
  return {
    engine: undefined,
    engineVersion: undefined,
    container: {
      id: config.id,
      name: config.name,
      podName: undefined,
      kubeNamespace: undefined,
      podUid: undefined,
      sandboxId: undefined,
    },
    image: { name: config.rootfsImageName, ref: config.rootfsImageRef, requested: config.rootfsImage },
    ociRuntime: config.runtime,
    created: config.created,
    checkpointed: config.checkpointed,
    restored: config.restored,
    ip: undefined,
    annotations: {},
    labels: {},
    logEntry: undefined,
    mounts: documents.spec?.mounts ?? [],
    capture: undefined,
  };
}

/** `<container>_<pod>_<namespace>_<uid>_<attempt>` with or without `k8s_` before it; Kubernetes names hold no `_`. */
export function splitKubernetesName(name: string | undefined) {
  const parts = name?.split('_') ?? [];
  if (parts[0] === 'k8s') parts.shift();
  if (parts.length !== 5) return undefined;
  const [container, podName, kubeNamespace, podUid] = parts;
  return { container, podName, kubeNamespace, podUid };
}

/** A name of an entry that exists, or undefined. */
export function presentEntry(entries: ReadonlyMap<string, ArchiveEntry>, name: string): string | undefined {
  return entries.get(name)?.kind === 'file' ? name : undefined;
}
