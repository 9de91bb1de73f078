/** Numbers of rtnetlink and of devices by the names that ip(8) shows (linux/rtnetlink.h, linux/if.h, linux/fib_rules.h). */

/** Names by number; what has none is told as `<what>-<number>`. */
type Names = Readonly<Record<number, string>>;

/** The name of `value`, or `<what>-<value>`. */
export function nameIn(names: Names, value: number, what: string): string {
  return names[value] ?? `${what}-${value}`;
}

/** The names of the bits that are set, lowest first; a bit without a name as `0x…`. */
export function bitsIn(names: Names, value: number): readonly string[] {
  const found: string[] = [];
  for (let bit = 1, at = 0; at < 32; at += 1, bit *= 2) {
    if ((value & bit) === 0) continue;
    found.push(names[bit] ?? `0x${bit.toString(16)}`);
  }
  return found;
}

/** AF_*. */
export const FAMILIES: Names = { 0: 'any', 2: 'ipv4', 7: 'bridge', 10: 'ipv6', 28: 'mpls' };
/** RT_SCOPE_*. */
export const SCOPES: Names = { 0: 'global', 200: 'site', 253: 'link', 254: 'host', 255: 'nowhere' };
/** RTN_*. */
export const ROUTE_TYPES: Names = {
  ...{ 0: 'unspecified', 1: 'unicast', 2: 'local', 3: 'broadcast', 4: 'anycast', 5: 'multicast', 6: 'blackhole' },
  ...{ 7: 'unreachable', 8: 'prohibit', 9: 'throw', 10: 'nat', 11: 'external-resolve' },
};
/** RTPROT_*: who made a route. */
export const ROUTE_PROTOCOLS: Names = {
  ...{ 0: 'unspecified', 1: 'redirect', 2: 'kernel', 3: 'boot', 4: 'static', 8: 'gated', 9: 'router-advertisement' },
  ...{ 11: 'zebra', 12: 'bird', 16: 'dhcp', 18: 'keepalived', 186: 'bgp', 187: 'isis', 188: 'ospf', 189: 'rip' },
  192: 'eigrp',
};
/** RT_TABLE_*. */
export const TABLES: Names = { 0: 'unspecified', 252: 'compat', 253: 'default', 254: 'main', 255: 'local' };
/** FR_ACT_*. */
export const RULE_ACTIONS: Names = {
  0: 'none',
  1: 'table',
  2: 'goto',
  3: 'nop',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
};
/** IFA_F_*. */
export const ADDRESS_FLAGS: Names = {
  ...{ 1: 'secondary', 2: 'nodad', 4: 'optimistic', 8: 'dadfailed', 16: 'home', 32: 'deprecated' },
  ...{ 64: 'tentative', 128: 'permanent', 256: 'mngtmpaddr', 512: 'noprefixroute', 1024: 'autojoin' },
  2048: 'stable-privacy',
};
/** RTNH_F_* and RTM_F_*. */
export const ROUTE_FLAGS: Names = {
  ...{ 1: 'dead', 2: 'pervasive', 4: 'onlink', 8: 'offload', 16: 'linkdown', 32: 'unresolved' },
  ...{ 64: 'trap', 256: 'notify', 512: 'cloned', 1024: 'equalize', 2048: 'prefix' },
};
/** IFF_*. */
export const DEVICE_FLAGS: Names = {
  ...{ 1: 'up', 2: 'broadcast', 4: 'debug', 8: 'loopback', 16: 'pointopoint', 32: 'notrailers' },
  ...{ 64: 'running', 128: 'noarp', 256: 'promisc', 512: 'allmulti', 1024: 'master', 2048: 'slave' },
  ...{ 4096: 'multicast', 8192: 'portsel', 16384: 'automedia', 32768: 'dynamic', 65536: 'lower-up' },
  ...{ 131072: 'dormant', 262144: 'echo' },
};
/** IPPROTO_*, those that are met in firewalls and connections. */
export const PROTOCOLS: Names = {
  ...{ 1: 'icmp', 2: 'igmp', 6: 'tcp', 17: 'udp', 33: 'dccp', 47: 'gre', 50: 'esp', 51: 'ah', 58: 'icmpv6' },
  ...{ 132: 'sctp', 136: 'udplite' },
};
