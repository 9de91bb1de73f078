/** RunPodSandbox (CRI v1). */
import { isIP } from 'node:net';
import type { SandboxRequest } from '@stillframe/runtime';
import { NamespaceMode, type NamespaceOption, type PodSandboxConfig, type PortMapping, Protocol } from '../proto.ts';
import { userMappingFrom } from './id-mapping-view.ts';
import { invalidRequest, required } from './invalid.ts';
import type { RuntimeRpc } from './rpc.ts';

export const runPodSandbox: RuntimeRpc<'runPodSandbox'> =
  (node) =>
  async ({ config, runtimeHandler }) => {
    const sandbox = await node.runSandbox(sandboxRequest(config, runtimeHandler));
    return { podSandboxId: sandbox.id };
  };

/** From CRI PodSandboxConfig to what the node is asked for. Throws ERR_CRI_REQUEST_INVALID. */
export function sandboxRequest(config: PodSandboxConfig | undefined, runtimeHandler: string): SandboxRequest {
  const { metadata, hostname, logDirectory, labels, annotations, linux, dnsConfig, portMappings } = required(
    config,
    'config',
  );
  const { name, uid, namespace, attempt } = required(metadata, 'metadata');
  const options = linux?.securityContext?.namespaceOptions;
  const userMapping = userMappingFrom(options?.usernsOptions);
  const hostNetwork = options?.network === NamespaceMode.NODE;
  return {
    identity: { name, uid, kubeNamespace: namespace, attempt },
    hostname,
    logDirectory,
    labels,
    annotations,
    runtimeHandler,
    cgroupParent: linux?.cgroupParent ?? '',
    hostNamespaces: [
      // A pod in the host's network keeps the host's name, as kubelet's own rules have it.
      ...(hostNetwork ? (['net', 'uts'] as const) : []),
      ...(options?.ipc === NamespaceMode.NODE ? (['ipc'] as const) : []),
    ],
    pidMode: pidModeOf(options),
    ...(userMapping ? { userMapping } : {}),
    ...(dnsConfig ? { dns: dnsConfig } : {}),
    portMappings: portMappings.map(portMapping),
    sysctls: linux?.sysctls ?? {},
    privileged: linux?.securityContext?.privileged ?? false,
  };
}

/** A client that says nothing of namespaces gets a container's own, which a checkpoint captures best. */
function pidModeOf(options: NamespaceOption | undefined): 'container' | 'pod' | 'node' {
  switch (options?.pid ?? NamespaceMode.CONTAINER) {
    case NamespaceMode.POD:
      return 'pod';
    case NamespaceMode.CONTAINER:
      return 'container';
    case NamespaceMode.NODE:
      return 'node';
    default:
      throw invalidRequest('a pod cannot share the processes of a container');
  }
}

function portMapping({ protocol, containerPort, hostPort, hostIp }: PortMapping) {
  const name = ({ [Protocol.TCP]: 'tcp', [Protocol.UDP]: 'udp', [Protocol.SCTP]: 'sctp' } as const)[protocol];
  if (name === undefined) throw invalidRequest(`unknown protocol of the port ${containerPort}`);
  for (const port of [containerPort, hostPort]) {
    if (port < 0 || port > 65_535) throw invalidRequest(`${port} is no port`);
  }
  if (hostIp !== '' && isIP(hostIp) === 0) throw invalidRequest(`${JSON.stringify(hostIp)} is no IP address`);
  return { protocol: name, containerPort, hostPort, hostIP: hostIp };
}
