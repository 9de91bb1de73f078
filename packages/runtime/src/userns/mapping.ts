/** Which ids of the host the users of a pod are (CRI UserNamespace, user_namespaces(7)). */

import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { SandboxRequest } from '../sandbox/sandbox.ts';
import type { IdMapping, UserMapping } from '../store/records.ts';

/** User and group ids are 32 bits wide, and the last one means none. */
const LAST = 0xffff_fffe;
/** Groups of terminals (5) must have a number inside, or the container's /dev/pts cannot be mounted. */
const LEAST = 6;

/**
 * One run of ids for users and one for groups, from 0 on and away from the host's own root: more than one makes no owner
 * of the files unique, and all that the kubelet asks for is one. Throws ERR_SANDBOX_INVALID.
 */
export function userMapping(uids: readonly IdMapping[], gids: readonly IdMapping[]): UserMapping {
  return { uids: only(uids, 'users'), gids: only(gids, 'groups') };
}

/**
 * The mapping that a pod asks for, undefined where it asks for none. Throws ERR_SANDBOX_INVALID where it is none, or
 * where the pod wants namespaces of the host that its users could not use; ERR_USERNS_UNSUPPORTED.
 */
export async function mappingFor(
  { userNamespacesMissing }: Pick<NodeContext, 'userNamespacesMissing'>,
  { userMapping: wanted, hostNamespaces, pidMode }: SandboxRequest,
): Promise<UserMapping | undefined> {
  if (wanted === undefined) return undefined;
  const mapping = userMapping(wanted.uids, wanted.gids);
  const shared = [...hostNamespaces, ...(pidMode === 'node' ? ['pid'] : [])];
  if (shared.length > 0) {
    throw runtimeError(
      'ERR_SANDBOX_INVALID',
      `a pod with users of its own cannot share of the host: ${shared.join(', ')}`,
    );
  }
  const reason = await userNamespacesMissing();
  if (reason !== undefined)
    throw runtimeError('ERR_USERNS_UNSUPPORTED', `there are no user namespaces here: ${reason}`);
  return mapping;
}

function only(mappings: readonly IdMapping[], whose: string): IdMapping {
  const [mapping] = mappings;
  if (!mapping || mappings.length > 1) throw invalid(whose, `there are ${mappings.length}, not one`);
  const { containerID, hostID, length } = mapping;
  if (containerID !== 0) throw invalid(whose, 'it does not begin with id 0 of the container');
  if (hostID === 0) throw invalid(whose, 'it makes root of the container the root of the host');
  if (length < LEAST || hostID + length - 1 > LAST) throw invalid(whose, `${length} ids from ${hostID} on do not fit`);
  return { containerID, hostID, length };
}

function invalid(whose: string, why: string) {
  return runtimeError('ERR_SANDBOX_INVALID', `user namespace, mapping of ${whose}: ${why}`);
}

/** As uid_map and gid_map of proc(5) take it. */
export function mapLine({ containerID, hostID, length }: IdMapping): string {
  return `${containerID} ${hostID} ${length}`;
}

/** As config.json has it, under `linux`. */
export function specMappings({ uids, gids }: UserMapping) {
  const entry = ({ containerID, hostID, length }: IdMapping) => ({ containerID, hostID, size: length });
  return { uidMappings: [entry(uids)], gidMappings: [entry(gids)] };
}

export function sameMapping(one: UserMapping, other: UserMapping): boolean {
  return mapLine(one.uids) === mapLine(other.uids) && mapLine(one.gids) === mapLine(other.gids);
}
