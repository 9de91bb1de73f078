/** A sandbox as the CRI shows it. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { SandboxRecord } from '@stillframe/runtime';
import { NamespaceMode, type PodSandboxSchema, PodSandboxState } from '../proto.ts';
import { mappingView } from './id-mapping-view.ts';

/** The members that PodSandbox and PodSandboxStatus share. */
export function sandboxView(record: SandboxRecord) {
  const { name, uid, kubeNamespace, attempt } = record.identity;
  return {
    id: record.id,
    metadata: { name, uid, namespace: kubeNamespace, attempt },
    state: record.ready ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY,
    createdAt: BigInt(record.createdAt),
    labels: record.labels,
    annotations: record.annotations,
    runtimeHandler: record.runtimeHandler,
  } satisfies MessageInitShape<typeof PodSandboxSchema>;
}

const PID_MODES = { container: NamespaceMode.CONTAINER, pod: NamespaceMode.POD, node: NamespaceMode.NODE };

function userNamespaceView({ uids, gids }: NonNullable<SandboxRecord['userMapping']>) {
  return { mode: NamespaceMode.POD, uids: [mappingView(uids)], gids: [mappingView(gids)] };
}

/** Which namespaces the sandbox shares with the host. */
export function namespaceOptions(record: SandboxRecord) {
  return {
    network: record.namespaces.net === undefined ? NamespaceMode.NODE : NamespaceMode.POD,
    ipc: record.namespaces.ipc === undefined ? NamespaceMode.NODE : NamespaceMode.POD,
    pid: PID_MODES[record.pidMode ?? 'container'],
    ...(record.userMapping ? { usernsOptions: userNamespaceView(record.userMapping) } : {}),
  };
}
