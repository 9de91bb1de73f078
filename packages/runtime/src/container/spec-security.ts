/** What a container may do: capabilities, seccomp, hidden paths and the host's security modules, for config.json. */
import { readFile } from 'node:fs/promises';
import { runtimeError } from '../errors.ts';
import type { SandboxRecord } from '../store/records.ts';
import type { SecurityRequest } from './request.ts';
import { seccompFile } from './seccomp-file.ts';
import { defaultProfile, type SeccompProfile } from './seccomp-profile.ts';

/** The parts of config.json that come of a security context. */
export interface SpecSecurity {
  /** Members of `process`. */
  process: Readonly<Record<string, unknown>>;
  /** Members of `linux`. */
  linux: Readonly<Record<string, unknown>>;
}

const DEFAULT_CAPABILITIES = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['NET_BIND_SERVICE', 'KILL', 'MKNOD', 'NET_RAW', 'SYS_CHROOT', 'SETFCAP', 'AUDIT_WRITE'],
].map((name) => `CAP_${name}`);
const MASKED = [
  ...['acpi', 'kcore', 'keys', 'latency_stats', 'timer_list', 'timer_stats', 'sched_debug', 'scsi'].map(
    (name) => `/proc/${name}`,
  ),
  '/sys/firmware',
];
const READ_ONLY = ['asound', 'bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`);

/**
 * `held`: the node's own capabilities; what it lacks it cannot give.
 * Throws ERR_CONTAINER_INVALID for what contradicts itself or this host cannot keep.
 */
export async function prepareSecurity(
  security: SecurityRequest,
  sandbox: Pick<SandboxRecord, 'privileged' | 'userMapping'>,
  held: ReadonlySet<string>,
): Promise<SpecSecurity> {
  checkSecurity(security, sandbox);
  const names = capabilitiesOf(security, held).filter((name) => held.has(name));
  const ambient = (security.capabilities.ambient ?? []).map(fullName).filter((name) => names.includes(name));
  const seccomp = await seccompOf(security, new Set(names));
  return {
    process: {
      capabilities: {
        ...{ bounding: names, effective: names, permitted: names },
        ...(ambient.length > 0 ? { inheritable: ambient, ambient } : {}),
      },
      noNewPrivileges: security.noNewPrivileges,
      ...(await modulesOf(security)),
    },
    linux: { ...hiddenPaths(security), ...(seccomp ? { seccomp } : {}) },
  };
}

function checkSecurity(security: SecurityRequest, sandbox: Pick<SandboxRecord, 'privileged' | 'userMapping'>): void {
  if (security.users !== undefined && (security.users === 'pod') !== (sandbox.userMapping !== undefined)) {
    const of = sandbox.userMapping ? 'of its own' : 'of the host';
    throw runtimeError('ERR_CONTAINER_INVALID', `the container wants other users than its pod, which has those ${of}`);
  }
  if (security.runAsGroup !== undefined && security.runAsUser === undefined && !security.runAsUsername) {
    throw runtimeError('ERR_CONTAINER_INVALID', 'a group to run as is given without a user');
  }
  if (security.privileged && sandbox.privileged === false) {
    throw runtimeError('ERR_CONTAINER_INVALID', 'a privileged container needs a privileged pod sandbox');
  }
}

const fullName = (name: string) => `CAP_${name.toUpperCase().replace(/^CAP_/, '')}`;

function capabilitiesOf({ privileged, capabilities }: SecurityRequest, held: ReadonlySet<string>): string[] {
  if (privileged) return [...held];
  const ambient = (capabilities.ambient ?? []).map(fullName);
  const add = [...capabilities.add.map(fullName), ...ambient];
  const drop = new Set(capabilities.drop.map(fullName));
  const base = drop.has('CAP_ALL') ? [] : DEFAULT_CAPABILITIES;
  const wanted = add.includes('CAP_ALL') ? [...held] : [...base, ...add];
  return [...new Set(wanted)].filter((name) => !drop.has(name) || add.includes(name));
}

async function seccompOf(
  { seccomp, privileged }: SecurityRequest,
  names: ReadonlySet<string>,
): Promise<SeccompProfile | undefined> {
  if (privileged || seccomp === undefined || seccomp.kind === 'unconfined') return undefined;
  return seccomp.kind === 'localhost' ? seccompFile(seccomp.path, names) : defaultProfile(names);
}

/** Paths that the container must not see; none of a privileged one. */
export function maskedPathsOf(security: SecurityRequest): readonly string[] {
  return hiddenPaths(security).maskedPaths ?? [];
}

/** No paths at all, as clients without an opinion send it, means the usual ones, not that nothing is hidden. */
function hiddenPaths({ privileged, maskedPaths = [], readonlyPaths = [] }: SecurityRequest): {
  maskedPaths?: readonly string[];
  readonlyPaths?: readonly string[];
} {
  if (privileged) return {};
  if (maskedPaths.length + readonlyPaths.length === 0) return { maskedPaths: MASKED, readonlyPaths: READ_ONLY };
  return { maskedPaths, readonlyPaths };
}

/** AppArmor and SELinux: a profile that the host cannot enforce is refused, never left out. */
async function modulesOf({ apparmor, selinux, privileged }: SecurityRequest) {
  if (apparmor !== undefined && !(await enabled('/sys/module/apparmor/parameters/enabled', 'Y'))) {
    throw runtimeError(
      'ERR_CONTAINER_INVALID',
      `AppArmor profile ${JSON.stringify(apparmor)}: AppArmor is not enabled here`,
    );
  }
  if (selinux !== undefined && !(await enabled('/sys/fs/selinux/enforce', ''))) {
    throw runtimeError(
      'ERR_CONTAINER_INVALID',
      `SELinux label ${JSON.stringify(selinux)}: SELinux is not enabled here`,
    );
  }
  return {
    ...(apparmor !== undefined && !privileged ? { apparmorProfile: apparmor } : {}),
    ...(selinux === undefined ? {} : { selinuxLabel: selinux }),
  };
}

async function enabled(path: string, begins: string): Promise<boolean> {
  return readFile(path, 'utf8').then(
    (text) => text.startsWith(begins),
    () => false,
  );
}
