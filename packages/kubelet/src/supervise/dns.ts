/** Where a pod asks for names (kubelet, network/dns). */
import { isIP } from 'node:net';
import type { PodSpec } from '../manifest/pod-schema.ts';

export interface Dns {
  servers: string[];
  searches: string[];
  options: string[];
}

/** What resolv.conf(5) says: the last `search` counts. */
export function parseResolvConf(text: string): Dns {
  const found: Dns = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [key, ...words] = line.trim().split(/\s+/);
    if (key === 'nameserver' && isIP(words[0] ?? '') !== 0) found.servers.push(words[0] ?? '');
    if (key === 'search') found.searches = words;
    if (key === 'options') found.options.push(...words);
  }
  return found;
}

/** There is no DNS of a cluster, so that every policy but None asks whom the host asks. */
export function dnsOf({ dnsPolicy, dnsConfig }: PodSpec, host: Dns): Dns {
  const base = dnsPolicy === 'None' ? { servers: [], searches: [], options: [] } : host;
  const own = dnsConfig.options.map(({ name, value }) => (value === undefined ? name : `${name}:${value}`));
  const names = new Set(dnsConfig.options.map(({ name }) => name));
  return {
    servers: [...new Set([...base.servers, ...dnsConfig.nameservers])],
    searches: [...new Set([...base.searches, ...dnsConfig.searches])],
    options: [...base.options.filter((option) => !names.has(option.split(':')[0] ?? '')), ...own],
  };
}
