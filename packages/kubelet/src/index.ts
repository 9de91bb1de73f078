/** A kubelet-compatible API over any CRI runtime, the PKI that guards it, and pods kept by manifests. */
export type { Asker, CheckpointRecord } from './checkpoint/capture.ts';
export {
  archiveName,
  type ContainerAddress,
  isDnsLabel,
  isDnsSubdomain,
  type ParsedArchiveName,
  parseArchiveName,
  rfc3339,
} from './checkpoint/names.ts';
export { type Reservation, reservationOf, reserveArchive } from './checkpoint/reserve.ts';
export type { EndedRequest } from './http/exchange.ts';
export { type Manifest, parseManifest, type WrittenPod } from './manifest/documents.ts';
export type { AuthenticationOptions, AuthorizationOptions, KubeletApiOptions, LimitOptions } from './options.ts';
export { type KubeconfigOptions, nodeKubeconfig } from './pki/kubeconfig.ts';
export {
  ADMIN_GROUP,
  ADMIN_USER,
  type NodePki,
  type NodePkiOptions,
  openNodePki,
  type PkiPaths,
  pkiPaths,
} from './pki/node-pki.ts';
export { podDocumentsOf } from './pods/documents.ts';
export { type KubeletApi, startKubeletApi } from './server.ts';
export type { ManifestFault } from './supervise/manifest-folder.ts';
export { MANIFEST as MANIFEST_ANNOTATION, OWNER as OWNER_ANNOTATION } from './supervise/marks.ts';
export { type PodDocument, type Supervisor, type SupervisorOptions, startSupervisor } from './supervise/supervisor.ts';
export { removePodFolder } from './volumes/pod-folder.ts';
