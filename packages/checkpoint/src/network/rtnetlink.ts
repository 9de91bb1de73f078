/** Addresses, routes and rules of a network namespace from the answers of rtnetlink (linux/if_addr.h, rtnetlink.h, fib_rules.h). */
import { viewOf } from '@stillframe/core';
import type { Report } from '@stillframe/criu-image';
import { type Attributes, byte, decodeAttributes, ipText, textOf, word } from './attributes.ts';
import {
  ADDRESS_FLAGS,
  bitsIn,
  FAMILIES,
  nameIn,
  PROTOCOLS,
  ROUTE_FLAGS,
  ROUTE_PROTOCOLS,
  ROUTE_TYPES,
  RULE_ACTIONS,
  SCOPES,
  TABLES,
} from './names.ts';
import { aligned, type NetlinkMessage } from './netlink.ts';

/** An address of a device. Names are raw text. */
export interface AddressRow {
  readonly family: string;
  readonly interfaceIndex: number;
  readonly address: string;
  readonly prefixLength: number;
  /** The other end of a point-to-point link. */
  readonly peer: string | undefined;
  readonly broadcast: string | undefined;
  readonly scope: string;
  /** IPv4 only. */
  readonly label: string | undefined;
  readonly flags: readonly string[];
  /** Seconds; undefined for ever, or where it is not recorded. */
  readonly validLifetime: number | undefined;
  readonly preferredLifetime: number | undefined;
  /** Seconds since the machine was booted, to the hundredth. */
  readonly created: number | undefined;
  readonly updated: number | undefined;
}

/** One of several ways that a route can take. */
export interface NextHop {
  readonly gateway: string | undefined;
  readonly interfaceIndex: number;
  readonly weight: number;
}

/** A route. */
export interface RouteRow {
  readonly family: string;
  /** `unicast`, `local`, `blackhole`… */
  readonly type: string;
  /** `10.0.0.0/8`, or `default`. */
  readonly destination: string;
  readonly source: string | undefined;
  readonly gateway: string | undefined;
  readonly interfaceIndex: number | undefined;
  /** `main`, `local`, or the table's number. */
  readonly table: string;
  /** Who made it: `kernel`, `boot`, `dhcp`… */
  readonly protocol: string;
  readonly scope: string;
  readonly metric: number | undefined;
  readonly preferredSource: string | undefined;
  readonly flags: readonly string[];
  /** Where the route has several. */
  readonly nextHops: readonly NextHop[];
}

/** A rule by which a routing table is chosen. Names are raw text. */
export interface RuleRow {
  readonly family: string;
  readonly priority: number;
  /** `table`, `blackhole`, `goto`… */
  readonly action: string;
  readonly table: string;
  readonly from: string;
  readonly to: string;
  readonly inverted: boolean;
  readonly incomingInterface: string | undefined;
  readonly outgoingInterface: string | undefined;
  /** `0x1/0xff`. */
  readonly firewallMark: string | undefined;
  readonly protocol: string | undefined;
  /** `80` or `1024-2048`. */
  readonly sourcePorts: string | undefined;
  readonly destinationPorts: string | undefined;
  /** `1000-1000`. */
  readonly users: string | undefined;
  readonly target: number | undefined;
}

const ADDRESS_HEADER = 8;
const ROUTE_HEADER = 12;
const FOREVER = 0xffffffff;
const INVERTED = 0x2;

/** RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE. */
export const MessageType = { address: 20, route: 24, rule: 32 } as const;

/** Tells of a message that is not what it should be. */
export function faultOf(report: Report, { offset }: NetlinkMessage): (why: string) => void {
  return (why) => report({ id: 'netlink-message-invalid', severity: 'error', offset, message: why });
}

/** RTM_NEWADDR; undefined, after a report, where it is too short to say anything. */
export function decodeAddress(message: NetlinkMessage, report: Report): AddressRow | undefined {
  const head = headOf(message, ADDRESS_HEADER, report);
  if (!head) return undefined;
  const { view, attributes } = head;
  const [given, local] = [attributes.get(1), attributes.get(2)];
  const times = lifetimes(attributes.get(6));
  return {
    family: nameIn(FAMILIES, view.getUint8(0), 'family'),
    interfaceIndex: view.getUint32(4, true),
    address: ipText(local ?? given) ?? '',
    prefixLength: view.getUint8(1),
    peer: local && given && ipText(local) !== ipText(given) ? ipText(given) : undefined,
    broadcast: ipText(attributes.get(4)),
    scope: nameIn(SCOPES, view.getUint8(3), 'scope'),
    label: textOf(attributes.get(3)),
    flags: bitsIn(ADDRESS_FLAGS, word(attributes.get(8)) ?? view.getUint8(2)),
    ...times,
  };
}

/** struct ifa_cacheinfo: seconds to go, and hundredths of a second since boot. */
function lifetimes(bytes: Uint8Array | undefined) {
  const at = (offset: number) => (bytes?.length === 16 ? viewOf(bytes).getUint32(offset, true) : undefined);
  const seconds = (value: number | undefined) => (value === FOREVER ? undefined : value);
  const uptime = (value: number | undefined) => (value === undefined ? undefined : value / 100);
  return {
    preferredLifetime: seconds(at(0)),
    validLifetime: seconds(at(4)),
    created: uptime(at(8)),
    updated: uptime(at(12)),
  };
}

/** RTM_NEWROUTE; undefined, after a report, where it is too short to say anything. */
export function decodeRoute(message: NetlinkMessage, report: Report): RouteRow | undefined {
  const head = headOf(message, ROUTE_HEADER, report);
  if (!head) return undefined;
  const { view, attributes } = head;
  const table = word(attributes.get(15)) ?? view.getUint8(4);
  return {
    family: nameIn(FAMILIES, view.getUint8(0), 'family'),
    type: nameIn(ROUTE_TYPES, view.getUint8(7), 'type'),
    destination: prefixText(attributes.get(1), view.getUint8(1)) ?? 'default',
    source: prefixText(attributes.get(2), view.getUint8(2)),
    gateway: ipText(attributes.get(5)) ?? viaText(attributes.get(18)),
    interfaceIndex: word(attributes.get(4)),
    table: TABLES[table] ?? String(table),
    protocol: nameIn(ROUTE_PROTOCOLS, view.getUint8(5), 'protocol'),
    scope: nameIn(SCOPES, view.getUint8(6), 'scope'),
    metric: word(attributes.get(6)),
    preferredSource: ipText(attributes.get(7)),
    flags: bitsIn(ROUTE_FLAGS, view.getUint32(8, true)),
    nextHops: nextHops(attributes.get(9), faultOf(report, message)),
  };
}

/** RTA_MULTIPATH: struct rtnexthop, each with attributes of its own. */
function nextHops(bytes: Uint8Array | undefined, fault: (why: string) => void): readonly NextHop[] {
  const hops: NextHop[] = [];
  if (bytes === undefined) return hops;
  const view = viewOf(bytes);
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 8 || at + length > bytes.length) {
      fault(`a next hop claims ${length} of ${bytes.length - at} bytes`);
      break;
    }
    const attributes = decodeAttributes(bytes.subarray(at, at + length), 8, fault);
    const gateway = ipText(attributes.get(5)) ?? viaText(attributes.get(18));
    hops.push({ gateway, interfaceIndex: view.getUint32(at + 4, true), weight: view.getUint8(at + 3) + 1 });
    at += aligned(length);
  }
  return hops;
}

/** RTM_NEWRULE; undefined, after a report, where it is too short to say anything. */
export function decodeRule(message: NetlinkMessage, report: Report): RuleRow | undefined {
  const head = headOf(message, ROUTE_HEADER, report);
  if (!head) return undefined;
  const { view, attributes } = head;
  const table = word(attributes.get(15)) ?? view.getUint8(4);
  const protocol = byte(attributes.get(22));
  return {
    family: nameIn(FAMILIES, view.getUint8(0), 'family'),
    priority: word(attributes.get(6)) ?? 0,
    action: nameIn(RULE_ACTIONS, view.getUint8(7), 'action'),
    table: TABLES[table] ?? String(table),
    from: prefixText(attributes.get(2), view.getUint8(2)) ?? 'all',
    to: prefixText(attributes.get(1), view.getUint8(1)) ?? 'all',
    inverted: (view.getUint32(8, true) & INVERTED) !== 0,
    incomingInterface: textOf(attributes.get(3)),
    outgoingInterface: textOf(attributes.get(17)),
    firewallMark: markText(attributes),
    protocol: protocol === undefined || protocol === 0 ? undefined : nameIn(PROTOCOLS, protocol, 'protocol'),
    sourcePorts: portsText(attributes.get(23)),
    destinationPorts: portsText(attributes.get(24)),
    users: usersText(attributes.get(20)),
    target: word(attributes.get(4)),
  };
}

function headOf(
  message: NetlinkMessage,
  size: number,
  report: Report,
): { view: DataView; attributes: Attributes } | undefined {
  const fault = faultOf(report, message);
  if (message.payload.length < size) {
    fault(`a message has ${message.payload.length} bytes where ${size} are the fixed part`);
    return undefined;
  }
  return { view: viewOf(message.payload), attributes: decodeAttributes(message.payload, size, fault) };
}

/** Undefined for an address that is not given, which matches everything. */
function prefixText(address: Uint8Array | undefined, length: number): string | undefined {
  const text = ipText(address);
  return text === undefined ? undefined : `${text}/${length}`;
}

/** RTA_VIA: a gateway of the other family. */
function viaText(bytes: Uint8Array | undefined): string | undefined {
  return bytes && bytes.length > 2 ? ipText(bytes.subarray(2)) : undefined;
}

function markText(attributes: Attributes): string | undefined {
  const [mark, mask] = [word(attributes.get(10)), word(attributes.get(16))];
  if (mark === undefined && mask === undefined) return undefined;
  if (!mark && mask === 0) return undefined;
  return `0x${(mark ?? 0).toString(16)}/0x${(mask ?? FOREVER).toString(16)}`;
}

/** struct fib_rule_port_range: two numbers of the host's order. */
function portsText(bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.length !== 4) return undefined;
  const [first, last] = [viewOf(bytes).getUint16(0, true), viewOf(bytes).getUint16(2, true)];
  return first === 0 && last === 0 ? undefined : first === last ? String(first) : `${first}-${last}`;
}

function usersText(bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.length !== 8) return undefined;
  return `${viewOf(bytes).getUint32(0, true)}-${viewOf(bytes).getUint32(4, true)}`;
}
