/** User namespaces and mappings of ids, from the CRI's words and back. */
import type { IdMapping } from '@stillframe/runtime';
import { type IDMapping, NamespaceMode, type UserNamespace } from '../proto.ts';
import { invalidRequest } from './invalid.ts';

/** The mappings that a pod asks for, undefined where its users are the host's. Throws ERR_CRI_REQUEST_INVALID. */
export function userMappingFrom(
  options: UserNamespace | undefined,
): { uids: IdMapping[]; gids: IdMapping[] } | undefined {
  if (options === undefined || options.mode === NamespaceMode.NODE) return undefined;
  if (options.mode !== NamespaceMode.POD) throw invalidRequest('a user namespace is the pod’s own or the host’s');
  return { uids: options.uids.map(mappingFrom), gids: options.gids.map(mappingFrom) };
}

export function mappingFrom({ containerId, hostId, length }: IDMapping): IdMapping {
  return { containerID: containerId, hostID: hostId, length };
}

export function mappingView({ containerID, hostID, length }: IdMapping) {
  return { containerId: containerID, hostId: hostID, length };
}
