/** Two checkpoints beside one another: everything that differs, table by table. */
import type { Checkpoint, RootfsTree } from '@stillframe/checkpoint';
import type { Diagnostic } from '@stillframe/core';
import { analyse, judge } from '../analyse.ts';
import type { Finding } from '../finding.ts';
import { rules } from '../rules/index.ts';
import type { NamedPattern } from '../search/pattern.ts';
import type { ChangedPages } from './changed-pages.ts';
import { comparePages, type PageTotals } from './compare-pages.ts';
import { containerRows, mountRows } from './container-rows.ts';
import { findingRows } from './finding-rows.ts';
import { mappingRows } from './mapping-rows.ts';
import { pairProcesses } from './process-pairs.ts';
import { type Comparison, environmentRows, fileRows, processRows } from './process-rows.ts';
import { readRootfs, rootfsRows } from './rootfs-rows.ts';
import type { Change, DiffRow, DiffTable, NotCompared } from './row.ts';
import { DIFF_TABLES } from './row.ts';
import { searchChanged } from './search-changed.ts';
import { socketRows } from './socket-rows.ts';

/** Options of compareCheckpoints. */
export interface CompareOptions {
  /** Two containers of one image, in place of one container at two times. */
  sibling?: boolean | undefined;
  /** Whether pages are compared; true by default. Without, nothing of memory is read but what tables need. */
  memory?: boolean | undefined;
  /** Whether changed files are read for their digests; true by default. */
  digests?: boolean | undefined;
  /** Whether pages that differ are gone through for the patterns of rules. */
  rules?: boolean | undefined;
  /** Layers of the container's image, topmost first. */
  image?: readonly RootfsTree[] | undefined;
  signal?: AbortSignal | undefined;
}

/** Rows of one table by what became of the things. */
export type ChangeCounts = Record<Change, number>;

/** What two checkpoints differ in. */
export interface CheckpointDiff {
  /** Of each table; of pages, see `pages`. Without what came or went with its process. */
  readonly summary: Readonly<Record<Exclude<DiffTable, 'pages'>, ChangeCounts>>;
  /** How many of the new sockets listen. */
  readonly listeners: number;
  /** Undefined where they were not compared. */
  readonly pages: (ReturnType<ChangedPages['counts']> & { readonly totals: PageTotals }) | undefined;
  /** Findings that are in both. */
  readonly sameFindings: number;
  /** All rows, table by table; those of pages are made as they are asked for, for there may be very many. */
  rows(): Iterable<DiffRow>;
  readonly changed: ChangedPages | undefined;
  readonly notCompared: readonly NotCompared[];
  /** Faults that the checkpoints themselves do not note. */
  readonly diagnostics: { readonly before: readonly Diagnostic[]; readonly after: readonly Diagnostic[] };
}

/** Things that could not be compared, at most; a forger makes as many as he likes. */
const SKIPPED = 1000;

/** Compares `before` with `after`. Throws what the readers throw. */
export async function compareCheckpoints(
  before: Checkpoint,
  after: Checkpoint,
  options: CompareOptions = {},
): Promise<CheckpointDiff> {
  const { sibling = false, memory = true, digests, image, signal } = options;
  const analysis = { memory: false, image, signal };
  const [was, is] = [await analyse(before, analysis), await analyse(after, analysis)];
  const diagnostics = { before: [...was.diagnostics], after: [...is.diagnostics] };
  const notCompared: NotCompared[] = [];
  const comparison: Comparison = {
    ...{ before: was.tables, after: is.tables, sibling },
    processes: pairProcesses(was.tables.processes, is.tables.processes, sibling),
    skip: (what) => void (notCompared.length < SKIPPED && notCompared.push(what)),
  };
  const files = [
    await readRootfs(before, { digests, signal }, (faults) => void diagnostics.before.push(...faults)),
    await readRootfs(after, { digests, signal }, (faults) => void diagnostics.after.push(...faults)),
  ] as const;
  const pages = memory ? await comparePages({ before, after }, comparison, { signal }) : undefined;
  const findings = [was.findings, is.findings] as [readonly Finding[], readonly Finding[]];
  if (options.rules && pages) {
    const patterns = rules.flatMap((rule) => rule.patterns ?? []);
    const judged = async (side: 'before' | 'after', checkpoint: Checkpoint) => {
      const rows = await memoryRows(checkpoint, pages.changed, side, patterns, signal);
      return judge({ ...(side === 'before' ? was : is).tables, memory: rows });
    };
    findings[0] = await judged('before', before);
    findings[1] = await judged('after', after);
  }
  const rows = [
    ...containerRows(comparison),
    ...processRows(comparison),
    ...fileRows(comparison),
    ...socketRows(comparison),
    ...mappingRows(comparison),
    ...mountRows(comparison),
    ...rootfsRows(...files, comparison),
    ...environmentRows(comparison),
    ...findingRows(...findings, sibling),
  ];
  const gone = rows.filter(({ table, change }) => table === 'findings' && change === 'removed').length;
  return {
    summary: summaryOf(rows),
    listeners: rows.filter(isNewListener).length,
    pages: pages && { ...pages.changed.counts(), totals: pages.totals },
    sameFindings: findings[0].length - gone,
    rows: () => inOrder(rows, pages?.changed),
    changed: pages?.changed,
    ...{ notCompared, diagnostics },
  };
}

async function memoryRows(
  checkpoint: Checkpoint,
  changed: ChangedPages,
  side: 'before' | 'after',
  patterns: readonly NamedPattern[],
  signal: AbortSignal | undefined,
) {
  return Array.fromAsync(searchChanged(checkpoint, changed, patterns, { side, signal }));
}

function isNewListener({ table, change, after }: DiffRow): boolean {
  return table === 'sockets' && change === 'added' && after?.['state'] === 'listen';
}

function summaryOf(rows: readonly DiffRow[]): CheckpointDiff['summary'] {
  const none = DIFF_TABLES.map((table) => [table, { added: 0, removed: 0, changed: 0 }] as const);
  const summary = Object.fromEntries(none) as Record<DiffTable, ChangeCounts>;
  for (const { table, change, withProcess } of rows) if (!withProcess) summary[table][change] += 1;
  const { pages: _pages, ...others } = summary;
  return others;
}

function* inOrder(rows: readonly DiffRow[], changed: ChangedPages | undefined): Generator<DiffRow> {
  const byTable = Map.groupBy(rows, ({ table }) => table);
  for (const table of DIFF_TABLES) {
    if (table === 'pages') yield* changed?.rows() ?? [];
    else yield* byTable.get(table) ?? [];
  }
}
