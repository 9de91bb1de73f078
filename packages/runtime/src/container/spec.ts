/** The OCI runtime specification of a container (runtime-spec config.md), built from the request and the image alone. */

import type { NamespacePaths } from '../sandbox/namespaces.ts';
import type { MountRequest, Resources, UserMapping } from '../store/records.ts';
import { specMappings } from '../userns/mapping.ts';
import { deviceNodes, deviceRules, type SpecDevice } from './spec-devices.ts';
import { orderedMounts, rootfsPropagation, type SpecMount } from './spec-mounts.ts';
import { specResources } from './spec-resources.ts';
import type { SpecSecurity } from './spec-security.ts';

export interface SpecFacts {
  args: readonly string[];
  /** `NAME=value`. */
  env: readonly string[];
  cwd: string;
  user: { uid: number; gid: number; additionalGids?: readonly number[] };
  terminal: boolean;
  readonlyRootfs: boolean;
  privileged: boolean;
  security: SpecSecurity;
  mounts: readonly MountRequest[];
  /** Mounts of the node's own, in the place of default ones at the same destination. */
  provided?: readonly SpecMount[];
  devices?: readonly SpecDevice[];
  resources: Resources;
  cgroupsPath: string;
  /** Namespaces of the sandbox; a kind that is missing is shared with the host. */
  namespaces: NamespacePaths;
  userMapping?: UserMapping | undefined;
  /** Where its processes are: a PID namespace of its own where left out, the host's, or the one at a path. */
  pid?: 'host' | { path: string };
  annotations: Readonly<Record<string, string>>;
}

/** Plain data in the shape of config.json; runc validates it. */
export type OciSpec = Readonly<Record<string, unknown>>;

export function buildSpec(facts: SpecFacts): OciSpec {
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: facts.terminal,
      user: facts.user,
      args: facts.args,
      env: facts.env,
      cwd: facts.cwd,
      ...facts.security.process,
      // No rlimits: a node without CAP_SYS_RESOURCE may not raise them, and inherited ones are sound.
      ...(facts.resources.oomScoreAdj === undefined ? {} : { oomScoreAdj: facts.resources.oomScoreAdj }),
    },
    root: { path: 'rootfs', readonly: facts.readonlyRootfs },
    mounts: orderedMounts(providedMounts(facts), facts.mounts),
    annotations: facts.annotations,
    linux: {
      cgroupsPath: facts.cgroupsPath,
      namespaces: namespacesOf(facts),
      ...(facts.userMapping ? specMappings(facts.userMapping) : {}),
      resources: { devices: deviceRules(facts.devices ?? [], facts.privileged), ...specResources(facts.resources) },
      ...(facts.devices?.length ? { devices: deviceNodes(facts.devices) } : {}),
      ...(rootfsPropagation(facts.mounts) ? { rootfsPropagation: rootfsPropagation(facts.mounts) } : {}),
      ...facts.security.linux,
    },
  };
}

function defaultMounts(privileged: boolean) {
  const mount = (destination: string, type: string, source: string, ...options: string[]) => ({
    destination,
    type,
    source,
    options,
  });
  return [
    mount('/proc', 'proc', 'proc', 'nosuid', 'noexec', 'nodev'),
    mount('/dev', 'tmpfs', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
    mount('/dev/pts', 'devpts', 'devpts', 'nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'),
    mount('/dev/shm', 'tmpfs', 'shm', 'nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'),
    mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid', 'noexec', 'nodev'),
    mount('/sys', 'sysfs', 'sysfs', 'nosuid', 'noexec', 'nodev', privileged ? 'rw' : 'ro'),
  ];
}

function providedMounts({ privileged, provided = [] }: SpecFacts): SpecMount[] {
  const own = new Set(provided.map(({ destination }) => destination));
  return [...defaultMounts(privileged).filter(({ destination }) => !own.has(destination)), ...provided];
}

function namespacesOf({ namespaces: paths, pid }: SpecFacts) {
  const shared = (['user', 'net', 'ipc', 'uts'] as const).flatMap((kind) => {
    const path = paths[kind];
    return path === undefined ? [] : [{ type: kind === 'net' ? 'network' : kind, path }];
  });
  const own = pid === 'host' ? [] : [{ type: 'pid', ...pid }];
  return [...own, { type: 'mount' }, ...shared];
}
