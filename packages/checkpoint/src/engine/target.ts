/**
 * Engines that an archive of ours is laid out for. Where their demands conflict there is a variant each: CRI-O wants the
 * base image's id, containerd a digest that it pulls; CRI-O a list of deletions, containerd whiteouts (checkpoint-spec 4.6).
 */
export type TargetEngine = 'cri-o' | 'containerd';

/** What the documents of a variant are made of; times are RFC 3339. */
export interface TargetFacts {
  containerID: string;
  containerName: string;
  attempt: number;
  podName: string;
  kubeNamespace: string;
  podUid: string;
  sandboxID: string;
  /** As the client wrote it, the repository name, and references with a digest. */
  image: { requested: string; name: string; repoDigests: readonly string[] };
  createdAt: string;
  checkpointedAt: string;
  startedAt?: string | undefined;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  logPath: string;
}
