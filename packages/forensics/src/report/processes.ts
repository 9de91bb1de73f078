/** The processes as they stood, children below their parents, with how they were called. */
import type { ProcessRow } from '../analysers/processes.ts';
import { commandOf } from '../command.ts';
import type { Finding } from '../finding.ts';
import { html, type Markup } from './html.ts';
import { clipped, code, section, table } from './parts.ts';
import { MOST_PROCESSES, MOST_ROWS, type ReportSource } from './source.ts';

/** Levels that are drawn; what lies deeper stands at the last. */
const DEEPEST = 12;
const LONGEST = 600;

interface Placed {
  row: ProcessRow;
  depth: number;
}

export function processesSection({ judged }: ReportSource): Markup {
  const { tables, findings } = judged.analysis;
  const placed = ordered(tables.processes);
  // Findings come with the worst first.
  const marked = new Map<number, Finding>();
  for (const finding of findings.slice(0, MOST_ROWS))
    for (const reference of finding.references)
      if ('pid' in reference && !marked.has(reference.pid)) marked.set(reference.pid, finding);
  const columns = [
    {
      title: 'PID',
      cell: ({ row, depth }: Placed) => html`<span class="d${Math.min(depth, DEEPEST)}">${row.pid}</span>`,
    },
    { title: 'Parent', figures: true, cell: ({ row }: Placed) => (row.ppid === 0 ? '–' : row.ppid) },
    { title: 'Name', cell: ({ row }: Placed) => nameOf(row) },
    { title: 'User', figures: true, cell: ({ row }: Placed) => row.credentials?.euid ?? 'unknown' },
    { title: 'Called as', cell: ({ row }: Placed) => code(clipped(commandOf(row), LONGEST)) },
    { title: 'Runs', cell: ({ row }: Placed) => executableOf(row) },
    { title: 'Worst finding', cell: ({ row }: Placed) => findingLink(marked.get(row.pid)) },
  ];
  return section(
    'processes',
    'Processes',
    html`<p>All processes of the container at the moment of the checkpoint. What looks like a secret in arguments is left out; variables are not
shown.</p>`,
    table('Process tree: children stand below their parents', columns, placed.slice(0, MOST_PROCESSES), {
      total: placed.length,
      none: 'No process can be read in this checkpoint.',
    }),
  );
}

function findingLink(finding: Finding | undefined): Markup | string {
  return finding === undefined ? '' : html`<a href="#finding-${finding.id}">${finding.severity}</a>`;
}

function nameOf({ name, state, threads }: ProcessRow): string {
  const remarks = [state === 'alive' ? '' : state, threads.length > 1 ? `${threads.length} threads` : ''].filter(
    Boolean,
  );
  return `${name ?? '?'}${remarks.length > 0 ? ` (${remarks.join(', ')})` : ''}`;
}

function executableOf({ executable }: ProcessRow): Markup | string {
  if (!executable) return 'unknown';
  const remark = executable.memfd ? ' (memory only)' : executable.deleted ? ' (deleted)' : '';
  return html`${code(clipped(executable.path, LONGEST))}${remark}`;
}

/** Parents first, each once, also where a forger made them each other's parents. */
function ordered(rows: readonly ProcessRow[]): readonly Placed[] {
  const pids = new Set(rows.map(({ pid }) => pid));
  const sorted = rows.toSorted((a, b) => a.pid - b.pid);
  const childrenOf = Map.groupBy(sorted, ({ ppid }) => ppid);
  const placed: Placed[] = [];
  const seen = new Set<number>();
  const place = (root: ProcessRow) => {
    const waiting: Placed[] = [{ row: root, depth: 0 }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      if (seen.has(next.row.pid)) continue;
      seen.add(next.row.pid);
      placed.push(next);
      const depth = next.depth + 1;
      for (const row of (childrenOf.get(next.row.pid) ?? []).toReversed()) waiting.push({ row, depth });
    }
  };
  for (const row of sorted) if (!pids.has(row.ppid)) place(row);
  for (const row of sorted) if (!seen.has(row.pid)) place(row);
  return placed;
}
