/** From CRI security contexts to what the node is asked for. */
import type { ContainerRequest } from '@stillframe/runtime';
import {
  type LinuxContainerSecurityContext,
  NamespaceMode,
  type NamespaceOption,
  SecurityProfile_ProfileType,
  SupplementalGroupsPolicy,
} from '../proto.ts';
import { userMappingFrom } from './id-mapping-view.ts';
import { invalidRequest } from './invalid.ts';

type Security = ContainerRequest['security'];

/** Throws ERR_CRI_REQUEST_INVALID for what no node can honour. */
export function securityFrom(security: LinuxContainerSecurityContext | undefined): Security {
  const { capabilities } = security ?? {};
  const ambient = capabilities?.addAmbientCapabilities ?? [];
  const pid = pidOf(security?.namespaceOptions);
  const users = security?.namespaceOptions?.usernsOptions;
  const apparmor = apparmorOf(security);
  const selinux = selinuxOf(security);
  return {
    privileged: security?.privileged ?? false,
    readonlyRootfs: security?.readonlyRootfs ?? false,
    noNewPrivileges: security?.noNewPrivs ?? false,
    capabilities: {
      add: capabilities?.addCapabilities ?? [],
      drop: capabilities?.dropCapabilities ?? [],
      ...(ambient.length > 0 ? { ambient } : {}),
    },
    ...seccompOf(security),
    ...(security?.maskedPaths.length ? { maskedPaths: security.maskedPaths } : {}),
    ...(security?.readonlyPaths.length ? { readonlyPaths: security.readonlyPaths } : {}),
    ...(apparmor === undefined ? {} : { apparmor }),
    ...(selinux === undefined ? {} : { selinux }),
    ...(pid === undefined ? {} : { pid }),
    ...(users ? { users: userMappingFrom(users) ? 'pod' : 'node' } : {}),
    ...(security?.runAsUser ? { runAsUser: accountID(security.runAsUser.value) } : {}),
    ...(security?.runAsGroup ? { runAsGroup: accountID(security.runAsGroup.value) } : {}),
    ...(security?.runAsUsername ? { runAsUsername: security.runAsUsername } : {}),
    supplementalGroups: (security?.supplementalGroups ?? []).map(accountID),
    ...(security?.supplementalGroupsPolicy === SupplementalGroupsPolicy.Strict ? { strictGroups: true } : {}),
  };
}

/** User and group ids are 32 bits wide, and the last one means none. */
function accountID(value: bigint): number {
  if (value >= 0n && value < 0xffff_ffffn) return Number(value);
  throw invalidRequest(`${value} is no user or group id`);
}

function pidOf(options: NamespaceOption | undefined): Security['pid'] {
  switch (options?.pid) {
    case undefined:
      return undefined;
    case NamespaceMode.POD:
      return 'pod';
    case NamespaceMode.CONTAINER:
      return 'container';
    case NamespaceMode.NODE:
      return 'node';
    default:
      if (!options?.targetId) throw invalidRequest('a container to share processes with is not named');
      return { target: options.targetId };
  }
}

const { RuntimeDefault, Localhost } = SecurityProfile_ProfileType;

function seccompOf(security: LinuxContainerSecurityContext | undefined): Pick<Security, 'seccomp'> {
  const { seccomp, seccompProfilePath = '' } = security ?? {};
  // The older member says the same in one text, and counts only where the newer is not there.
  const [kind, path] = seccomp
    ? [seccomp.profileType, seccomp.localhostRef]
    : [textKind(seccompProfilePath), seccompProfilePath.replace(/^localhost\//, '')];
  if (kind === undefined) return {};
  if (kind === RuntimeDefault) return { seccomp: { kind: 'runtime-default' } };
  return { seccomp: kind === Localhost ? { kind: 'localhost', path } : { kind: 'unconfined' } };
}

function textKind(text: string): SecurityProfile_ProfileType | undefined {
  if (text === '') return undefined;
  if (text === 'runtime/default' || text === 'docker/default') return RuntimeDefault;
  if (text === 'unconfined') return SecurityProfile_ProfileType.Unconfined;
  if (text.startsWith('localhost/')) return Localhost;
  throw invalidRequest(`unknown seccomp profile ${JSON.stringify(text)}`);
}

/** The name of a profile that is demanded; the runtime's default demands none: this node brings no profile. */
function apparmorOf(security: LinuxContainerSecurityContext | undefined): string | undefined {
  const { apparmor, apparmorProfile = '' } = security ?? {};
  if (apparmor) return apparmor.profileType === Localhost ? apparmor.localhostRef : undefined;
  return /^localhost\/(.*)$/.exec(apparmorProfile)?.[1];
}

function selinuxOf(security: LinuxContainerSecurityContext | undefined): string | undefined {
  const { user = '', role = '', type = '', level = '' } = security?.selinuxOptions ?? {};
  const parts = [user, role, type, level];
  return parts.some(Boolean) ? parts.join(':') : undefined;
}
