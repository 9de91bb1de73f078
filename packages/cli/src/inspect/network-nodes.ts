/** The network of a checkpoint as nodes of the tree, in the manner of ip(8). */
import type {
  AddressRow,
  ConnectionRow,
  ConnectionTuple,
  DeviceRow,
  FirewallText,
  NetworkInterface,
  NetworkNamespace,
  RouteRow,
  RuleRow,
} from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import type { TreeNode } from '../display/tree.ts';
import { pidsText } from './namespace-nodes.ts';
import { rowsNode } from './rows.ts';

const STATES: Readonly<Record<NetworkNamespace['state'], string>> = {
  captured: 'captured',
  external: 'not captured: given from outside, as a pod’s is',
  'of-the-dumper': 'not captured: that of whoever dumped, as a rule the host’s',
  'not-captured': 'not captured: whoever restores gives a new one',
};

/** What the checkpoint says of one network namespace, and why it says no more; harmless. */
export function networkTitle({ id, state, externalKey, joined, pids }: NetworkNamespace): string {
  const key = externalKey ? ` (${externalKey})` : '';
  const path = joined && state !== 'captured' ? `, joined ${joined}` : '';
  return harmless(`Network namespace ${id}: ${STATES[state]}${key}${path}; processes ${pidsText(pids)}`);
}

/** `sysctls`: whether the settings of the kernel are shown, too. */
export function networkNodes(
  namespaces: readonly NetworkNamespace[],
  { sysctls, drawn }: { sysctls: boolean; drawn?: number },
): readonly TreeNode[] {
  return namespaces.map((network) => ({
    label: networkTitle(network),
    children: network.state === 'captured' ? partsOf(network, sysctls, drawn) : [],
  }));
}

function partsOf(network: NetworkNamespace, sysctls: boolean, drawn: number | undefined): readonly TreeNode[] {
  const named = deviceNames(network);
  const limit = drawn === undefined ? {} : { drawn };
  const part = <T>(title: string, rows: readonly T[] | undefined, line: (row: T) => string): TreeNode =>
    rows === undefined ? { label: `${title}: not captured` } : rowsNode(title, rows, line, limit);
  const settings = [...network.sysctls, ...(network.devices ?? []).flatMap((device) => device.sysctls)];
  return [
    part('Devices', network.devices, deviceLine),
    part('Addresses', network.addresses, (row) => addressLine(row, named)),
    part('Routes', network.routes, (row) => routeLine(row, named)),
    part('Rules', network.rules, ruleLine),
    ...network.firewall.map(firewallNode),
    part('Followed connections', network.connections, connectionLine),
    part('Expected connections', network.expectations, connectionLine),
    ...(sysctls
      ? [
          part(
            'Settings',
            settings.filter(({ value }) => value !== undefined),
            ({ name, value }) => `${harmless(name)} = ${harmless(String(value))}`,
          ),
        ]
      : []),
  ];
}

/** Names of devices by their index; harmless. */
export function deviceNames({ devices, addresses }: NetworkNamespace): (index: number) => string {
  const names = new Map((devices ?? []).map(({ index, name }) => [index, harmless(name)]));
  // Without the devices, the label of an address begins with the name of its device.
  for (const { interfaceIndex, label } of devices ? [] : (addresses ?? []))
    if (label) names.set(interfaceIndex, harmless(label.replace(/:.*/, '')));
  return (index) => names.get(index) ?? `if${index}`;
}

function deviceLine({ index, name, type, mtu, flags, mac, peer, master }: DeviceRow): string {
  const other =
    peer && `peer if${peer.index}${peer.namespaceId === undefined ? ' outside' : ` of ${peer.namespaceId}`}`;
  const parts = [`${index}: ${harmless(name)}`, harmless(type), `mtu ${mtu}`, `<${flags.join(',')}>`];
  return [...parts, mac, other, master === undefined ? undefined : `master if${master}`]
    .filter((part) => part !== undefined)
    .join('  ');
}

function addressLine(row: AddressRow, named: (index: number) => string): string {
  const { address, prefixLength, peer, broadcast, interfaceIndex, scope, label, flags } = row;
  return words(
    `${address}/${prefixLength}`,
    ['peer', peer],
    ['brd', broadcast],
    ['dev', named(interfaceIndex)],
    ['scope', scope],
    ['label', label && harmless(label)],
    ...flags,
  );
}

function routeLine(row: RouteRow, named: (index: number) => string): string {
  return words(
    row.type === 'unicast' ? row.destination : `${row.type} ${row.destination}`,
    ['from', row.source],
    ['via', row.gateway],
    ['dev', row.interfaceIndex === undefined ? undefined : named(row.interfaceIndex)],
    ['table', row.table],
    ['proto', row.protocol],
    ['scope', row.scope],
    ['src', row.preferredSource],
    ['metric', row.metric],
    ...row.flags,
    ...row.nextHops.map((hop) =>
      words('nexthop', ['via', hop.gateway], ['dev', named(hop.interfaceIndex)], ['weight', hop.weight]),
    ),
  );
}

function ruleLine(row: RuleRow): string {
  const name = (text: string | undefined) => text && harmless(text);
  return words(
    `${row.priority}:`,
    row.inverted ? 'not' : undefined,
    ['from', row.from],
    ['to', row.to === 'all' ? undefined : row.to],
    ['iif', name(row.incomingInterface)],
    ['oif', name(row.outgoingInterface)],
    ['fwmark', row.firewallMark],
    ['ipproto', row.protocol],
    ['sport', row.sourcePorts],
    ['dport', row.destinationPorts],
    ['uidrange', row.users],
    row.action === 'table' ? `lookup ${row.table}` : words(row.action, ['', row.target]),
    row.family === 'ipv4' ? undefined : `(${row.family})`,
  );
}

function connectionLine({ family, original, reply, state, status, timeout, helper }: ConnectionRow): string {
  return words(
    original.protocol,
    state,
    tupleText(original),
    ['reply', reply && tupleText(reply)],
    ...status,
    ['timeout', timeout],
    ['helper', helper && harmless(helper)],
    family === 'ipv4' ? undefined : `(${family})`,
  );
}

/** `10.0.0.1:40000 → 10.0.0.2:80`. */
export function tupleText({ source, sourcePort, destination, destinationPort }: ConnectionTuple): string {
  const end = (address: string | undefined, port: number | undefined) => {
    const host = address?.includes(':') ? `[${address}]` : (address ?? '?');
    return port === undefined ? host : `${host}:${port}`;
  };
  return `${end(source, sourcePort)} → ${end(destination, destinationPort)}`;
}

function firewallNode({ tool, rules, cut }: FirewallText): TreeNode {
  const lines = ruleLines(rules);
  if (lines.length === 0) return { label: `${tool}: no rules, or no such tool where it was dumped` };
  return rowsNode(`${tool}${cut ? ', cut' : ''}`, lines, (line) => line);
}

/** Lines of a rule set that say anything, their tabs as spaces; harmless. */
export function ruleLines(rules: string): readonly string[] {
  const lines = rules.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => harmless(line.replace(/^\t+/, (tabs) => '  '.repeat(Math.min(tabs.length, 20)))));
}

/** What podman wrote of the container's networks, beside the images. */
export function interfaceNode(interfaces: readonly NetworkInterface[]): TreeNode {
  return rowsNode('Recorded by the engine', interfaces, ({ network, name, mac, addresses }) =>
    words(
      harmless(`${network}/${name}`),
      mac && harmless(mac),
      ...addresses.map(({ address, gateway }) => words(harmless(address), ['via', gateway && harmless(gateway)])),
    ),
  );
}

type Word = string | undefined | readonly [name: string, value: string | number | undefined];

function words(...parts: readonly Word[]): string {
  return parts
    .map((part) => {
      if (typeof part === 'string' || part === undefined) return part;
      return part[1] === undefined || part[1] === '' ? undefined : `${part[0]} ${part[1]}`.trim();
    })
    .filter((part) => part !== undefined && part !== '')
    .join(' ');
}
