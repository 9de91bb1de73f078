/** How the dump was made, as nodes of the tree: what it says of itself, and what CRIU's log warns of. */
import type { DumpFacts, DumpLog } from '@stillframe/checkpoint';
import { harmless, microsecondsText } from '@stillframe/core';
import type { TreeNode } from '../display/tree.ts';
import { rowsNode } from './rows.ts';

/** Facts of the inventory. */
export function dumpNode(facts: DumpFacts): TreeNode {
  const { imageVersion, runId, uptime, securityModule, networkLock, closedConnections, plugins } = facts;
  const row = (name: string, value: string | undefined): TreeNode[] =>
    value === undefined ? [] : [{ label: `${name}: ${harmless(value)}` }];
  return {
    label: 'Dump (CRIU)',
    children: [
      ...row('Image version', String(imageVersion)),
      ...row('Run', runId),
      ...row('Machine up for', uptime === undefined ? undefined : microsecondsText(Number(uptime))),
      ...row('Security module', securityModule),
      ...row('Connections held by', networkLock),
      ...row('Connections closed', closedConnections === undefined ? undefined : closedConnections ? 'yes' : 'no'),
      ...row('Plugins', plugins && plugins.length > 0 ? plugins.join(', ') : undefined),
    ],
  };
}

/** Errors first. CRIU writes lines that say Error and do not end the dump. */
export function logNode({ entry, lines, duration, finished, messages, errors, warnings }: DumpLog): TreeNode {
  const time = duration === undefined ? '' : `, ${microsecondsText(duration)}`;
  const end = finished ? 'ends well' : 'does not say that it ended well';
  const ordered = (['error', 'warning'] as const).flatMap((wanted) =>
    messages.filter(({ severity }) => severity === wanted),
  );
  const title = `${harmless(entry)}: ${lines} lines${time}, ${end}; ${errors} errors, ${warnings} warnings`;
  return rowsNode(title, ordered, ({ severity, at, place, text }) =>
    harmless(`${severity} ${at === undefined ? '' : `at ${microsecondsText(at)} `}${place}: ${text}`),
  );
}
