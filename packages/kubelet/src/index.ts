/** A kubelet-compatible API over any CRI runtime, the PKI that guards it, and pods kept by manifests. */
export type { CheckpointRecord } from './checkpoint/capture.ts';
export type { EndedRequest } from './http/exchange.ts';
export { type Manifest, parseManifest, type WrittenPod } from './manifest/documents.ts';
export type { KubeletApiOptions } from './options.ts';
export { nodeKubeconfig } from './pki/kubeconfig.ts';
export { openNodePki } from './pki/node-pki.ts';
export { podDocumentsOf } from './pods/documents.ts';
export { type KubeletApi, startKubeletApi } from './server.ts';
export type { ManifestFault } from './supervise/manifest-folder.ts';
export { type Supervisor, startSupervisor } from './supervise/supervisor.ts';
export { removePodFolder } from './volumes/pod-folder.ts';
