/**
 * Engines that an archive of ours is laid out for. Where their demands conflict there is a variant each: CRI-O wants the
 * base image's id, containerd a digest that it pulls; CRI-O a list of deletions, containerd whiteouts (checkpoint-spec 4.6).
 */
export type TargetEngine = 'cri-o' | 'containerd';

/** Engines that an archive can be laid out for afterwards; podman, which has no CRI, takes nothing but its own documents. */
export type ConversionTarget = TargetEngine | 'podman';

/** What the documents of a variant are made of; times are RFC 3339. */
export interface TargetFacts {
  containerID: string;
  containerName: string;
  attempt: number;
  podName: string;
  kubeNamespace: string;
  podUid: string;
  sandboxID: string;
  /** As the client wrote it, the repository name, references with a digest, and the id's hexadecimal digits where known. */
  image: { requested: string; name: string; repoDigests: readonly string[]; id?: string | undefined };
  createdAt: string;
  checkpointedAt: string;
  startedAt?: string | undefined;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  logPath: string;
  /** OCI runtime. */
  ociRuntime?: string | undefined;
  /** Whether the source was itself restored from a checkpoint. */
  restored?: boolean | undefined;
}
