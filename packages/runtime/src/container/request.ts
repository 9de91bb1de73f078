/** What a client asks for when it creates a container (CRI ContainerConfig, the part this node honours). */
import type { DeviceRequest, MountRequest, Resources } from '../store/records.ts';

export interface SecurityRequest {
  privileged: boolean;
  readonlyRootfs: boolean;
  noNewPrivileges: boolean;
  capabilities: { add: readonly string[]; drop: readonly string[]; ambient?: readonly string[] };
  /** Unconfined where left out. `path`: a profile on the node. */
  seccomp?: { kind: 'runtime-default' } | { kind: 'unconfined' } | { kind: 'localhost'; path: string };
  /** Both empty or left out: the usual ones. */
  maskedPaths?: readonly string[];
  readonlyPaths?: readonly string[];
  /** Name of an AppArmor profile that must be enforced. */
  apparmor?: string;
  /** `user:role:type:level` of SELinux that must be enforced. */
  selinux?: string;
  /** Whether its users must be the pod's own or the host's; as the sandbox says where left out. */
  users?: 'pod' | 'node';
  /** Where its processes are; as the sandbox says where left out. */
  pid?: 'container' | 'pod' | 'node' | { target: string };
  runAsUser?: number;
  runAsGroup?: number;
  /** A name in the container's /etc/passwd. */
  runAsUsername?: string;
  supplementalGroups: readonly number[];
  /** Whether the groups that the image's /etc/group gives the user are left out. */
  strictGroups?: boolean;
}

export interface ContainerRequest {
  name: string;
  attempt: number;
  /** An image reference or id, the absolute path of a checkpoint archive, or a checkpoint image. */
  image: string;
  command: readonly string[];
  args: readonly string[];
  workingDir: string;
  env: readonly { key: string; value: string }[];
  mounts: readonly MountRequest[];
  devices?: readonly DeviceRequest[];
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory. */
  logPath: string;
  stdin: boolean;
  /** Standard input closes with the first client that leaves. */
  stdinOnce?: boolean;
  /** Name of the signal that stops the container, before the image's. */
  stopSignal?: string;
  terminal: boolean;
  resources: Resources;
  security: SecurityRequest;
}
