/**
 * What must hold before a checkpoint may be restored. The archive decides nothing on its own: mounts, namespaces and
 * cgroups are those of the request (CVE-2024-8676 restored mounts that nobody had asked for).
 */
import { type CheckpointMetadata, PROVIDED_MOUNTS } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import type { MountRequest, SandboxRecord } from '../store/records.ts';
import type { DumpFacts } from './dump-facts.ts';

/** Where a kubelet mounts the file for a container's last words: no path that whoever restores has ever declared. */
const TERMINATION_LOG = '/dev/termination-log';
const DECLARE =
  'declare a mount at each of these paths in the request (`--mount SOURCE:PATH`); its source is yours to choose';

/**
 * Throws ERR_RESTORE_REFUSED naming every bind mount that the checkpoint had and the request does not declare. `dumped`:
 * those that the images tell, which is what CRIU goes by; the specification may tell of more.
 */
export function checkMounts(
  image: string,
  dumped: readonly string[],
  metadata: CheckpointMetadata,
  declared: readonly MountRequest[],
): void {
  const wanted = new Set(declared.map((mount) => mount.containerPath));
  const specified = metadata.mounts.filter(({ type }) => type === 'bind').map(({ destination }) => destination);
  const missing = [...new Set([...specified, ...dumped])]
    .filter((destination) => !PROVIDED_MOUNTS.has(destination) && !wanted.has(destination))
    .map((destination) => harmless(destination));
  if (missing.length > 0) {
    throw runtimeError(
      'ERR_RESTORE_REFUSED',
      `restoring "${image}" expects following bind mounts defined (${missing.join(',')})`,
      {
        hint: missing.includes(TERMINATION_LOG) ? `${DECLARE}; for ${TERMINATION_LOG} /dev/null will do` : DECLARE,
        details: { missing },
      },
    );
  }
}

/** Each runtime names hidden files to CRIU in its own way. Throws ERR_RESTORE_REFUSED where `runtime` is the other one. */
export function checkMasks(image: string, masking: 'runc' | 'crun' | undefined, runtime: string): void {
  if (masking === undefined || masking === runtime) return;
  throw runtimeError('ERR_RESTORE_REFUSED', `"${image}" was dumped on ${masking}, and ${runtime} cannot restore it`, {
    hint: `restore it into a pod with the runtime handler ${masking} (\`--runtime ${masking}\`)`,
  });
}

/** CRIU makes a user namespace anew and joins none. Throws ERR_RESTORE_REFUSED for a pod that has one. */
export function checkUsers(image: string, { userMapping }: Pick<SandboxRecord, 'userMapping'>): void {
  if (userMapping === undefined) return;
  throw runtimeError('ERR_RESTORE_REFUSED', `"${image}" cannot be restored into a pod with users of its own`, {
    hint: 'restore it into a pod with hostUsers: true, that is without a user namespace',
  });
}

/**
 * CRIU restores a process right into the host's namespace of a kind that the dump had not for itself; a changed archive
 * could ask for that. Network, IPC and UTS are the sandbox's in any case; mounts and pids must be of their own.
 * Throws ERR_RESTORE_REFUSED.
 */
export function checkNamespaces(image: string, { namespaces }: DumpFacts): void {
  for (const [kind, name] of [
    ['mnt', 'mount'],
    ['pid', 'PID'],
  ] as const) {
    if (namespaces[kind] !== 'shared') continue;
    throw runtimeError('ERR_RESTORE_REFUSED', `restoring "${image}" would put it into the host's ${name} namespace`, {
      hint: 'only a container with mounts and pids of its own, or of its pod, can be restored',
    });
  }
}
