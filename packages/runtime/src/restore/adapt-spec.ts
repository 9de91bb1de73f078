/**
 * Making the specification of a request fit a dump: CRIU restores the mounts and namespaces that it recorded, and the
 * OCI runtime must hand it exactly those that come from outside. Nothing is taken from the archive's own specification.
 */
import { normalize } from 'node:path';
import type { SpecMount } from '../container/spec-mounts.ts';
import type { NamespacePaths } from '../sandbox/namespaces.ts';
import { type DumpFacts, MASK_KEY } from './dump-facts.ts';

/** The part of config.json that is adapted. */
export interface AdaptableSpec {
  mounts: SpecMount[];
  linux: {
    namespaces: { type: string; path?: string }[];
    maskedPaths?: string[];
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

/** Where cgroups are mounted; each controller below it is a mount of its own from outside (cgroup v1). */
const CGROUPS = '/sys/fs/cgroup';
/** Kinds of mounts that CRIU fills from its own images and that may be declared without giving anything away. */
const EMPTY_KINDS = new Set(['tmpfs', 'mqueue']);

/** Under this key crun hands over what it hides folders with; files it names by their own paths. */
const CRUN_FOLDER = '/run/crun/.empty-directory';

/**
 * Destinations of the dump's bind mounts: external mounts but cgroup controllers and what hides paths. `masked`: those
 * that the request hides; crun gives them no common key, and what is hidden is not given away.
 */
export function bindDestinations({ external }: DumpFacts, masked: readonly string[] = []): string[] {
  const known = new Set([MASK_KEY, CGROUPS, CRUN_FOLDER, ...masked]);
  return external.filter((key) => !known.has(key) && !key.startsWith(`${CGROUPS}/`));
}

/** Which runtime hid paths in the dump; undefined where none are hidden. Only the same one hides them again. */
export function maskingRuntime({ external }: DumpFacts, masked: readonly string[]): 'runc' | 'crun' | undefined {
  if (external.includes(MASK_KEY)) return 'runc';
  return external.some((key) => key === CRUN_FOLDER || masked.includes(key)) ? 'crun' : undefined;
}

/** `namespaces`: those of the sandbox, with a PID namespace where the dump needs one that exists. */
export function adaptSpec(spec: AdaptableSpec, facts: DumpFacts, namespaces: NamespacePaths): AdaptableSpec {
  const taken = new Set(spec.mounts.map(({ destination }) => normalize(destination)));
  const added: SpecMount[] = [];
  const add = (destination: string, type: string, source: string, ...options: string[]) => {
    if (!taken.has(destination)) added.push({ destination, type, source, options });
    taken.add(destination);
  };
  if (facts.external.some((key) => key.startsWith(`${CGROUPS}/`))) {
    add(CGROUPS, 'cgroup', 'cgroup', 'nosuid', 'noexec', 'nodev', 'relatime', 'ro');
  }
  for (const { mountpoint, type } of facts.internal) {
    // Its mount point may not be in the image: the OCI runtime then makes it.
    if (EMPTY_KINDS.has(type) && isPlain(mountpoint)) add(mountpoint, type, type, 'nosuid', 'nodev');
  }
  const masked = spec.linux.maskedPaths ?? [];
  return {
    ...spec,
    mounts: [...spec.mounts, ...added],
    linux: {
      ...spec.linux,
      namespaces: adaptNamespaces(spec.linux.namespaces, facts, namespaces),
      // Without any masked path the OCI runtime gives CRIU nothing to mask files with.
      ...(facts.external.includes(MASK_KEY) && masked.length === 0 ? { maskedPaths: ['/proc/keys'] } : {}),
    },
  };
}

function adaptNamespaces(list: AdaptableSpec['linux']['namespaces'], facts: DumpFacts, paths: NamespacePaths) {
  const others = list.filter(({ type }) => type !== 'pid' && type !== 'network');
  const pid = facts.namespaces.pid === 'external' && paths.pid ? { type: 'pid', path: paths.pid } : { type: 'pid' };
  // A dump without its network needs one; in a pod that shares the host's that is the host's.
  const net = paths.net ?? (facts.namespaces.net === 'external' ? '/proc/self/ns/net' : undefined);
  return [pid, ...(net === undefined ? [] : [{ type: 'network', path: net }]), ...others];
}

/** Absolute, and outside of what the kernel or the runtime itself fills. */
function isPlain(path: string): boolean {
  return path.startsWith('/') && normalize(path) === path && !/^\/(proc|sys|dev)(\/|$)/.test(path);
}
