/** What a CNI result says of a pod (CNI specification 0.3 to 1.1, section 5, ADD success). */

import { isIP } from 'node:net';
import { type JsonObject, textAt } from '@stillframe/core';
import { runtimeError } from '../errors.ts';

/** Entries read of a list. */
const LIMIT = 64;

/** Addresses without their prefix length, in the plugin's order. Throws ERR_NETWORK_FAILED for a result that is none. */
export function addressesOf(result: JsonObject): string[] {
  const { ips = [] } = result;
  if (!Array.isArray(ips) || ips.length > LIMIT) throw damaged('ips');
  return ips.map((entry: unknown) => {
    const [ip = ''] = textAt(entry, 'address').split('/');
    if (isIP(ip) === 0) throw damaged('ips');
    return ip;
  });
}

function damaged(member: string) {
  return runtimeError('ERR_NETWORK_FAILED', `the CNI result has no valid ${member}`);
}
