/** What a runtime is asked for when a pod is made (CRI PodSandboxConfig). */
import { NamespaceMode, Protocol, SecurityProfile_ProfileType, SupplementalGroupsPolicy } from '@stillframe/cri/proto';
import type { Pod } from '../manifest/pod-schema.ts';
import type { Dns } from './dns.ts';
import { MANIFEST, OWNER, podLabels } from './marks.ts';

export interface SandboxFacts {
  readonly uid: string;
  readonly attempt: number;
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dns: Dns;
  /** Empty: the runtime's own choice. */
  readonly cgroupParent: string;
  /** The manifest, and the folder of whoever keeps the pod. */
  readonly file: string;
  readonly owner: string;
}

const { POD, CONTAINER, NODE } = NamespaceMode;

export function sandboxConfig(pod: Pod, facts: SandboxFacts) {
  const { metadata, spec } = pod;
  const security = spec.securityContext;
  return {
    metadata: { name: metadata.name, namespace: metadata.namespace, uid: facts.uid, attempt: facts.attempt },
    // In the host's network a pod has the host's name, which a runtime gives it without being told.
    hostname: spec.hostNetwork ? '' : facts.hostname,
    logDirectory: facts.logDirectory,
    dnsConfig: facts.dns,
    portMappings: spec.hostNetwork ? [] : portMappings(pod),
    labels: podLabels(pod, facts.uid),
    annotations: {
      ...metadata.annotations,
      'kubernetes.io/config.source': 'file',
      'kubernetes.io/config.hash': facts.uid,
      [OWNER]: facts.owner,
      [MANIFEST]: facts.file,
    },
    linux: {
      cgroupParent: facts.cgroupParent,
      sysctls: Object.fromEntries((security.sysctls ?? []).map(({ name, value }) => [name, value])),
      securityContext: {
        namespaceOptions: namespaceOptions(pod),
        privileged: [...spec.initContainers, ...spec.containers].some((each) => each.securityContext.privileged),
        seccomp: { profileType: SecurityProfile_ProfileType.RuntimeDefault },
        supplementalGroups: groupsOf(pod),
        supplementalGroupsPolicy: policyOf(pod),
        ...(security.seLinuxOptions ? { selinuxOptions: security.seLinuxOptions } : {}),
        ...(security.runAsUser === undefined ? {} : { runAsUser: { value: BigInt(security.runAsUser) } }),
        ...(security.runAsGroup === undefined || security.runAsUser === undefined
          ? {}
          : { runAsGroup: { value: BigInt(security.runAsGroup) } }),
      },
    },
  };
}

export type SandboxConfig = ReturnType<typeof sandboxConfig>;

/** The name that a pod gives itself: its own, at most 63 characters of it. */
export function hostnameOf({ metadata, spec }: Pod, nodeName: string): string {
  if (spec.hostNetwork) return nodeName;
  return spec.hostname ?? metadata.name.slice(0, 63).replace(/[.-]+$/, '');
}

export function namespaceOptions({ spec }: Pod) {
  return {
    network: spec.hostNetwork ? NODE : POD,
    ipc: spec.hostIPC ? NODE : POD,
    pid: spec.hostPID ? NODE : spec.shareProcessNamespace ? POD : CONTAINER,
  };
}

export function groupsOf({ spec }: Pod): bigint[] {
  const { fsGroup, supplementalGroups = [] } = spec.securityContext;
  return [...new Set([...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])])].map(BigInt);
}

export function policyOf({ spec }: Pod): SupplementalGroupsPolicy {
  const strict = spec.securityContext.supplementalGroupsPolicy === 'Strict';
  return strict ? SupplementalGroupsPolicy.Strict : SupplementalGroupsPolicy.Merge;
}

const PROTOCOLS = { TCP: Protocol.TCP, UDP: Protocol.UDP, SCTP: Protocol.SCTP } as const;

function portMappings({ spec }: Pod) {
  return [...spec.initContainers, ...spec.containers].flatMap(({ ports }) =>
    ports
      .filter(({ hostPort }) => hostPort !== undefined)
      .map(({ protocol, containerPort, hostPort = 0, hostIP = '' }) => ({
        protocol: PROTOCOLS[protocol],
        containerPort,
        hostPort,
        hostIp: hostIP,
      })),
  );
}
