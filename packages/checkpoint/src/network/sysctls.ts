/** Kernel settings of a network namespace. CRIU writes values without names: their order is that of its net.c (4.2). */
import type { netns_entry, sysctl_entry } from '@stillframe/criu-image/proto';

/** One setting. */
export interface Sysctl {
  /** `net.ipv4.conf.default.forwarding`; a number in place of the last part where this CRIU is not known to write so many. */
  readonly name: string;
  /** Undefined where the kernel of the dump had none of this name, or would not tell. Text is raw. */
  readonly value: number | string | undefined;
}

const IPV4 = `accept_local accept_redirects accept_source_route arp_accept arp_announce arp_filter arp_ignore arp_notify
  bootp_relay disable_policy disable_xfrm force_igmp_version forwarding igmpv2_unsolicited_report_interval
  igmpv3_unsolicited_report_interval log_martians medium_id promote_secondaries proxy_arp proxy_arp_pvlan
  route_localnet rp_filter secure_redirects send_redirects shared_media src_valid_mark tag
  ignore_routes_with_linkdown drop_gratuitous_arp drop_unicast_in_l2_multicast`.split(/\s+/);

const IPV6 = `accept_dad accept_ra accept_ra_defrtr accept_ra_from_local accept_ra_min_hop_limit accept_ra_mtu
  accept_ra_pinfo accept_ra_rt_info_max_plen accept_ra_rtr_pref accept_redirects accept_source_route autoconf
  dad_transmits disable_ipv6 drop_unicast_in_l2_multicast drop_unsolicited_na force_mld_version force_tllao forwarding
  hop_limit ignore_routes_with_linkdown keep_addr_on_down max_addresses max_desync_factor
  mldv1_unsolicited_report_interval mldv2_unsolicited_report_interval mtu ndisc_notify optimistic_dad proxy_ndp
  regen_max_retry router_probe_interval router_solicitation_delay router_solicitation_interval router_solicitations
  stable_secret suppress_frag_ndisc temp_prefered_lft temp_valid_lft use_oif_addrs_only use_optimistic
  use_tempaddr`.split(/\s+/);

/** Settings of one list that are told; CRIU writes 42 at most. */
const MOST = 1000;
/** What old images have where the kernel had no such setting. */
const UNUSED = -1;

/** The settings of a device; `conf` is the list of old images. */
export function deviceSysctls(
  name: string,
  entry: { conf: readonly number[]; conf4: readonly sysctl_entry[]; conf6: readonly sysctl_entry[] },
): readonly Sysctl[] {
  const ipv4 = entry.conf4.length > 0 ? valuesOf(entry.conf4) : numbersOf(entry.conf);
  return [
    ...named(`net.ipv4.conf.${name}`, IPV4, ipv4),
    ...named(`net.ipv6.conf.${name}`, IPV6, valuesOf(entry.conf6)),
  ];
}

/** The settings of a namespace that belong to no device. */
export function namespaceSysctls(entry: netns_entry): readonly Sysctl[] {
  return [
    ...deviceSysctls('default', { conf: entry.defConf, conf4: entry.defConf4, conf6: entry.defConf6 }),
    ...deviceSysctls('all', { conf: entry.allConf, conf4: entry.allConf4, conf6: entry.allConf6 }),
    ...named('net.unix', ['max_dgram_qlen'], valuesOf(entry.unixConf)),
    ...named('net.ipv4', ['ping_group_range'], valuesOf(entry.ipv4Sysctl)),
  ];
}

function named(prefix: string, names: readonly string[], values: readonly Sysctl['value'][]): readonly Sysctl[] {
  return values.slice(0, MOST).map((value, index) => ({ name: `${prefix}.${names[index] ?? index}`, value }));
}

function valuesOf(entries: readonly sysctl_entry[]): readonly Sysctl['value'][] {
  return entries.map((entry) =>
    Object.hasOwn(entry, 'iarg') ? entry.iarg : Object.hasOwn(entry, 'sarg') ? entry.sarg : undefined,
  );
}

function numbersOf(values: readonly number[]): readonly Sysctl['value'][] {
  return values.map((value) => (value === UNUSED ? undefined : value));
}
