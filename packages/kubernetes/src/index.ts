/** A Kubernetes cluster, through its API server alone. */

export type { ClusterAccess } from './access/access.ts';
export { openKubeconfig } from './access/kubeconfig.ts';
export { openServiceAccount } from './access/service-account.ts';
export {
  type ApiOptions,
  apiPath,
  type CallOptions,
  type ClusterApi,
  openClusterApi,
  type Question,
} from './api/cluster-api.ts';
export { type WatchEvent, watchList } from './api/watch.ts';
export { archivePlace, namedArchive } from './capture/archive-name.ts';
export { checkpointOnNode } from './capture/checkpoint.ts';
export { fetchArchive } from './capture/fetch.ts';
export { type ClusterContext, captureContext } from './context/cluster-context.ts';
export { networkPoliciesOf, selects } from './context/network-policies.ts';
export { type MigrationPorts, migrate } from './migrate/migrate.ts';
export { decodeMigration, type Migration, timesOf } from './migrate/migration.ts';
export { chooseContainer, type FoundPod, findPod, type PodContainer, podPath } from './pods/pod.ts';
export { type RestoreManifest, restoreManifest } from './restore/manifest.ts';
export { needsOf, type RestoreNeeds } from './restore/needs.ts';
export { listNodes, type NodeFacts } from './restore/nodes.ts';
export { type NodeResult, preflight } from './restore/preflight.ts';
