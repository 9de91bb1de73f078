/** A Kubernetes cluster, through its API server alone. */

export type { ClusterAccess } from './access/access.ts';
export { openKubeconfig } from './access/kubeconfig.ts';
export { type ClusterApi, openClusterApi } from './api/cluster-api.ts';
export { checkpointOnNode } from './capture/checkpoint.ts';
export { fetchArchive } from './capture/fetch.ts';
export { type ClusterContext, captureContext } from './context/cluster-context.ts';
export { type MigrationPorts, migrate } from './migrate/migrate.ts';
export { decodeMigration, type Migration, timesOf } from './migrate/migration.ts';
export { chooseContainer, type FoundPod, findPod, type PodContainer } from './pods/pod.ts';
export { type RestoreManifest, restoreManifest } from './restore/manifest.ts';
export { needsOf, type RestoreNeeds } from './restore/needs.ts';
export { listNodes, type NodeFacts } from './restore/nodes.ts';
export { type NodeResult, preflight } from './restore/preflight.ts';
