/** The kernel's namespaces and the control groups of a dump as nodes of the tree. */
import type { CgroupController, CgroupSet, Cgroups, KernelNamespace } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import type { TreeNode } from '../display/tree.ts';
import { rowsNode } from './rows.ts';

/** Pids that one line names. */
const NAMED = 12;

/** One line a namespace. */
export function namespaceNode(namespaces: readonly KernelNamespace[]): TreeNode {
  return rowsNode('Kernel namespaces', namespaces, namespaceLine);
}

function namespaceLine(namespace: KernelNamespace): string {
  const { nsKind, id, pids, ofDumper, externalKey, joined, uts, userMap, groupMap, clocks } = namespace;
  const whose = ofDumper ? ' of whoever dumped (the host’s)' : '';
  return [
    `${nsKind} [${id}]${whose}`,
    `${pids.length === 1 ? 'process' : 'processes'} ${pidsText(pids)}`,
    ...(externalKey ? [`given from outside as ${harmless(externalKey)}`] : []),
    ...(joined && !ofDumper ? [`joined ${harmless(joined)}`] : []),
    ...(uts ? [`host name ${harmless(uts.nodeName)}, domain ${harmless(uts.domainName)}`] : []),
    ...(userMap ? [`users ${mapText(userMap)}, groups ${mapText(groupMap ?? [])}`] : []),
    ...(clocks ? [`monotonic clock ${secondsText(clocks.monotonic)}, boot clock ${secondsText(clocks.boottime)}`] : []),
  ].join('; ');
}

/** The first dozen, and how many more. */
export function pidsText(pids: readonly number[]): string {
  const more = pids.length > NAMED ? ` and ${pids.length - NAMED} more` : '';
  return `${pids.slice(0, NAMED).join(', ') || 'none'}${more}`;
}

function mapText(map: NonNullable<KernelNamespace['userMap']>): string {
  const parts = map.slice(0, NAMED).map(({ inside, outside, count }) => `${inside}→${outside} (${count})`);
  return `${parts.join(', ') || 'none'}${map.length > NAMED ? ` and ${map.length - NAMED} more` : ''}`;
}

function secondsText(nanoseconds: bigint): string {
  return `${nanoseconds / 1_000_000_000n}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')} s`;
}

/** Sets with their tasks, then the groups with their files. */
export function cgroupNode({ sets, controllers }: Cgroups): TreeNode {
  return {
    label: `Control groups (${sets.length} sets, ${controllers.length} hierarchies)`,
    children: [...sets.slice(0, 100).map(setNode), ...controllers.slice(0, 100).map(controllerNode)],
  };
}

function setNode({ id, ofDumper, members, pids, tids }: CgroupSet): TreeNode {
  const threads = tids.length === 0 ? '' : `, threads ${pidsText(tids)}`;
  const whose = ofDumper ? ' of whoever dumped' : '';
  const byPath = Map.groupBy(members, ({ path }) => path);
  return rowsNode(
    `set ${id}${whose}: processes ${pidsText(pids)}${threads}`,
    [...byPath],
    ([path, at]) => `${harmless(path)}  of ${at.map(({ controller }) => harmless(controller || 'unified')).join(', ')}`,
  );
}

function controllerNode({ names, folders }: CgroupController): TreeNode {
  const label = names.map((name) => harmless(name || 'unified')).join(',') || 'unified';
  return {
    label,
    children: folders.slice(0, 100).map(({ path, properties }) => {
      const set = properties.filter(({ value }) => value !== '');
      return rowsNode(harmless(path), set, ({ name, value }) => `${harmless(name)} = ${harmless(value)}`);
    }),
  };
}
