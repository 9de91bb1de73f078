/** `stillframe network`: devices, addresses, routes, rules, firewall and followed connections of a checkpoint. */
import {
  type AddressRow,
  type NetworkNamespace,
  type RouteRow,
  readKernelNamespaces,
  readNetwork,
} from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import { renderTree } from '../display/tree.ts';
import {
  deviceNames,
  interfaceNode,
  networkNodes,
  networkTitle,
  ruleLines,
  tupleText,
} from '../inspect/network-nodes.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type ReadingOptions, reading, readingCommand } from './reading.ts';

interface NetworkCommandOptions extends ReadingOptions {
  settings?: boolean;
}

/** Exit code 4 where some of the evidence could not be read. */
export const network: RegisterCommand = (program, io, done) => {
  const description = 'Show the network: devices, addresses, routes, rules, firewall, and connections it followed';
  readingCommand(program, 'network', description, 'nothing is unpacked')
    .option('--settings', 'the kernel’s settings (sysctls) of the namespace and of each device, too')
    .addOption(outputOption('tree', 'table', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: NetworkCommandOptions) => {
      const code = await reading(what, options, io, async ({ checkpoint }) => {
        const { images, spec, documents, metadata } = checkpoint;
        const { signal } = io;
        const namespaces = await readKernelNamespaces(images, { spec, signal });
        const found = await readNetwork(images, { namespaces, signal });
        const recorded = { ip: metadata.ip, interfaces: documents.network };
        const sysctls = options.settings ?? false;
        if (options.output === 'jsonl') for (const line of linesOf(found)) await io.write(line);
        else if (options.output === 'json')
          await io.write(
            renderJson('Network', 1, { namespaces: found, recorded, diagnostics: checkpoint.diagnostics() }),
          );
        else if (options.output === 'table') for (const each of found) await io.write(tablesOf(each));
        else {
          const children = [
            ...(recorded.ip ? [{ label: `Address that the engine recorded: ${harmless(recorded.ip)}` }] : []),
            ...(recorded.interfaces.length > 0 ? [interfaceNode(recorded.interfaces)] : []),
            ...networkNodes(found, { sysctls, drawn: Number.POSITIVE_INFINITY }),
          ];
          await io.write(renderTree({ label: 'Network', children }));
        }
      });
      done(code);
    });
};

const HELP = `
Engines have CRIU leave the network of a container out: a pod's belongs to its sandbox, and runc asks for a new one. Then
only what the engine recorded is told, and \`stillframe sockets\` shows the sockets. Nothing is made up.`;

/** One line a row, each with the number of its namespace. */
function* linesOf(networks: readonly NetworkNamespace[]): Generator<string> {
  for (const each of networks) {
    const { id: namespaceId, state, externalKey, joined, pids } = each;
    yield renderJsonLine('NetworkNamespace', 1, { namespaceId, state, externalKey, joined, pids });
    const kinds = [
      ['NetworkDevice', each.devices?.map(({ sysctls: _, ...device }) => device)],
      ['NetworkAddress', each.addresses],
      ['NetworkRoute', each.routes],
      ['NetworkRule', each.rules],
      ['FirewallRules', each.firewall],
      ['FollowedConnection', each.connections],
      ['ExpectedConnection', each.expectations],
      ['NetworkSetting', [...each.sysctls, ...(each.devices ?? []).flatMap(({ sysctls }) => sysctls)]],
    ] as const;
    for (const [kind, rows] of kinds)
      for (const row of rows ?? []) yield renderJsonLine(kind, 1, { namespaceId, ...row });
  }
}

/** A table for each kind of rows that there are. */
function tablesOf(network: NetworkNamespace): string {
  const named = deviceNames(network);
  const { devices = [], addresses = [], routes = [], rules = [], connections = [], firewall } = network;
  const tables = [
    devices.length > 0 && renderTable(DEVICES, devices),
    addresses.length > 0 && renderTable([...ADDRESSES, { title: 'DEVICE', cell: deviceCell(named) }], addresses),
    routes.length > 0 && renderTable([...ROUTES, { title: 'DEVICE', cell: deviceCell(named) }], routes),
    rules.length > 0 && renderTable(RULES, rules),
    connections.length > 0 && renderTable(CONNECTIONS, connections),
    ...firewall.map(({ tool, rules: text }) => {
      const lines = ruleLines(text);
      return lines.length > 0 && `${tool}\n${lines.map((line) => `  ${line}\n`).join('')}`;
    }),
  ].filter((table) => table !== false);
  return `${[`${networkTitle(network)}\n`, ...tables].join('\n')}\n`;
}

type Row<K extends 'devices' | 'rules' | 'connections'> = NonNullable<NetworkNamespace[K]>[number];

const or = (value: string | number | undefined) => (value === undefined ? '-' : harmless(String(value)));
const deviceCell =
  (named: (index: number) => string) =>
  ({ interfaceIndex }: AddressRow | RouteRow): string =>
    interfaceIndex === undefined ? '-' : named(interfaceIndex);

const DEVICES = [
  { title: 'INDEX', cell: ({ index }: Row<'devices'>) => String(index), align: 'right' as const },
  { title: 'NAME', cell: ({ name }: Row<'devices'>) => harmless(name) },
  { title: 'TYPE', cell: ({ type }: Row<'devices'>) => harmless(type) },
  { title: 'MTU', cell: ({ mtu }: Row<'devices'>) => String(mtu), align: 'right' as const },
  { title: 'MAC', cell: ({ mac }: Row<'devices'>) => or(mac) },
  { title: 'FLAGS', cell: ({ flags }: Row<'devices'>) => flags.join(',') },
];
const ADDRESSES = [
  { title: 'ADDRESS', cell: ({ address, prefixLength }: AddressRow) => `${address}/${prefixLength}` },
  { title: 'SCOPE', cell: ({ scope }: AddressRow) => scope },
  { title: 'FLAGS', cell: ({ flags }: AddressRow) => flags.join(',') },
];
const ROUTES = [
  { title: 'DESTINATION', cell: ({ destination }: RouteRow) => destination },
  { title: 'TYPE', cell: ({ type }: RouteRow) => type },
  {
    title: 'GATEWAY',
    cell: ({ gateway, nextHops }: RouteRow) => gateway ?? (nextHops.map((hop) => or(hop.gateway)).join(',') || '-'),
  },
  { title: 'TABLE', cell: ({ table }: RouteRow) => table },
  { title: 'PROTOCOL', cell: ({ protocol }: RouteRow) => protocol },
  { title: 'METRIC', cell: ({ metric }: RouteRow) => or(metric), align: 'right' as const },
];
const RULES = [
  { title: 'PRIORITY', cell: ({ priority }: Row<'rules'>) => String(priority), align: 'right' as const },
  { title: 'FROM', cell: ({ from, inverted }: Row<'rules'>) => (inverted ? `not ${from}` : from) },
  { title: 'TO', cell: ({ to }: Row<'rules'>) => to },
  { title: 'ACTION', cell: ({ action }: Row<'rules'>) => action },
  { title: 'TABLE', cell: ({ table }: Row<'rules'>) => table },
];
const CONNECTIONS = [
  { title: 'PROTOCOL', cell: ({ original }: Row<'connections'>) => original.protocol },
  { title: 'STATE', cell: ({ state }: Row<'connections'>) => or(state) },
  { title: 'CONNECTION', cell: ({ original }: Row<'connections'>) => tupleText(original) },
  { title: 'REPLY', cell: ({ reply }: Row<'connections'>) => (reply ? tupleText(reply) : '-') },
  { title: 'STATUS', cell: ({ status }: Row<'connections'>) => status.join(',') },
];
