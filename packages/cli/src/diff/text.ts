/** A comparison for people: the sum of it first, then a tree a table. Every text of the evidence is made harmless here. */
import { harmless } from '@stillframe/core';
import { type CheckpointDiff, type DiffRow, type DiffTable, type RowView, rowView, TOLD } from '@stillframe/forensics';
import { clipped, shortDigests } from '../display/clipped.ts';
import type { Style } from '../display/style.ts';
import { renderTree, type TreeNode } from '../display/tree.ts';
import { summaryParts } from './summary.ts';

/** Rows of a table that are shown without `--all`, characters of a value, and runs of pages that are named. */
const SHOWN = 40;
const VALUE = 100;
const RUNS = 4;
/** Characters of a line: facts that make one longer stand below it. */
const WIDTH = 110;

const TITLES: Readonly<Record<DiffTable, string>> = {
  ...{ container: 'container', processes: 'processes', files: 'open files', sockets: 'sockets', mappings: 'mappings' },
  ...{ pages: 'pages', mounts: 'mounts', rootfs: 'root filesystem', environment: 'environment', findings: 'findings' },
};

/** How much of it is shown. */
export interface TextOptions {
  readonly all: boolean;
  readonly showSecrets: boolean;
  readonly style: Style;
  /** Whether the two are no earlier and later one: then nothing started or went. */
  readonly sibling: boolean;
}

/** `rows`: those that were asked for. */
export function diffText(diff: CheckpointDiff, rows: Iterable<DiffRow>, options: TextOptions): string {
  const byTable = new Map<DiffTable, { views: RowView[]; count: number }>();
  const pages = new Map<string, { label: string; runs: RowView[]; pages: number; count: number }>();
  const withProcess = new Map<string, Partial<Record<DiffTable, number>>>();
  for (const row of rows) {
    const view = rowView(row, options.showSecrets);
    if (row.withProcess) {
      const process = row.key.split(/[ /]/, 1)[0] ?? '';
      const counts = withProcess.get(process) ?? {};
      counts[row.table] = (counts[row.table] ?? 0) + 1;
      withProcess.set(process, counts);
      if (!options.all) continue;
    }
    if (row.table === 'pages' && !options.all) addRun(pages, row, view);
    else {
      const shown = byTable.get(row.table) ?? { views: [], count: 0 };
      shown.count += 1;
      if (options.all || shown.views.length < SHOWN) shown.views.push(view);
      byTable.set(row.table, shown);
    }
  }
  const parts = summaryParts(diff, options.sibling);
  const trees = (Object.keys(TITLES) as DiffTable[]).flatMap((table) => {
    const { views, count } = byTable.get(table) ?? { views: [], count: 0 };
    const nodes =
      table === 'pages' && !options.all
        ? pageNodes(pages, options.style)
        : views.map((view) => rowNode(view, withProcess, options.style));
    if (nodes.length === 0) return [];
    const shown = options.all ? nodes : nodes.slice(0, SHOWN);
    const more = Math.max(nodes.length, count) - shown.length;
    const rest = more > 0 ? [{ label: `… and ${more} more; --all shows them` }] : [];
    return [renderTree({ label: options.style.bold(TITLES[table]), children: [...shown, ...rest] })];
  });
  return `${[parts.length === 0 ? 'nothing differs\n' : `${filled(parts, ', ').join(',\n')}\n`, ...trees].join('\n')}`;
}

/** Parts joined to lines that a screen holds; a part that is too long has one of its own. */
function filled(parts: readonly string[], separator: string): readonly string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const longer = last === undefined ? part : `${last}${separator}${part}`;
    if (last === undefined || longer.length > WIDTH) lines.push(part);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function addRun(
  pages: Map<string, { label: string; runs: RowView[]; pages: number; count: number }>,
  row: DiffRow,
  view: RowView,
) {
  const process = row.key.split('/', 1)[0] ?? '';
  const key = `${process} ${row.label} ${row.after?.['protection']} ${row.after?.['mapping']}`;
  const known = pages.get(key) ?? {
    label: `process ${process}  ${row.label}  ${row.after?.['protection']}`,
    runs: [],
    pages: 0,
    count: 0,
  };
  known.pages += Number(row.after?.['pages'] ?? 0);
  known.count += 1;
  if (known.runs.length < RUNS) known.runs.push(view);
  pages.set(key, known);
}

function pageNodes(
  pages: ReadonlyMap<string, { label: string; runs: RowView[]; pages: number; count: number }>,
  style: Style,
): readonly TreeNode[] {
  return [...pages.values()].map(({ label, runs, pages: count, count: all }) => {
    const named = runs.map(({ references }) => references.after?.split('/').at(-1)).join(' ');
    const more = all > runs.length ? ` and ${all - runs.length} more runs` : '';
    return { label: `${style.warn('~')} ${harmless(label)}  ${count} page${count === 1 ? '' : 's'}: ${named}${more}` };
  });
}

const MARKS = { added: '+', removed: '-', changed: '~' } as const;

/** One difference, with what changed below it. */
export function rowNode(
  view: RowView,
  withProcess: ReadonlyMap<string, Partial<Record<DiffTable, number>>>,
  style: Style,
): TreeNode {
  const { table, key, label, change, before, after } = view;
  const colour = { added: style.good, removed: style.bad, changed: style.warn }[change];
  const mark = colour(MARKS[change]);
  if (change === 'changed') {
    const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
    const children = names.map((name) => ({
      label: `${wordsOf(name)}: ${namedText(name, before?.[name])} → ${namedText(name, after?.[name])}`,
    }));
    return { label: `${mark} ${placeText(table, key, label)}`, children };
  }
  const facts = after ?? before ?? {};
  const belongings = table === 'processes' ? belongingsText(withProcess.get(key) ?? {}) : '';
  const [place, told] = [placeText(table, key, label), factTexts(table, facts)];
  const whole = `${place}  ${told.join('  ')}${belongings}`.trimEnd();
  if (whole.length <= WIDTH) return { label: `${mark} ${whole}` };
  return { label: `${mark} ${place}${belongings}`, children: filled(told, '  ').map((text) => ({ label: text })) };
}

function belongingsText(counts: Partial<Record<DiffTable, number>>): string {
  const parts = (['files', 'mappings', 'environment'] as const).flatMap((table) =>
    counts[table] === undefined ? [] : [`${counts[table]} ${table === 'environment' ? 'variables' : TITLES[table]}`],
  );
  return parts.length === 0 ? '' : `  (${parts.join(', ')})`;
}

/** Tables of which the key says where, and the label what. */
const PLACED: ReadonlySet<DiffTable> = new Set(['files', 'mappings', 'pages']);

function placeText(table: DiffTable, key: string, label: string): string {
  return harmless(clipped(PLACED.has(table) ? `${key}  ${label}` : label, 2 * VALUE));
}

/** Facts that say themselves what they are. */
const UNNAMED: ReadonlySet<string> = new Set(['value', 'sha256']);

/** `working folder` of `workingFolder`. */
const wordsOf = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function factTexts(table: DiffTable, facts: Readonly<Record<string, unknown>>): readonly string[] {
  return TOLD[table]
    .filter((name) => facts[name] !== undefined && facts[name] !== '' && facts[name] !== false)
    .filter((name) => !Array.isArray(facts[name]) || facts[name].length > 0)
    .map((name) => (UNNAMED.has(name) ? valueText(facts[name]) : `${wordsOf(name)} ${valueText(facts[name])}`));
}

function namedText(name: string, value: unknown): string {
  const date = name === 'modified' && typeof value === 'number' ? new Date(value * 1000) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date.toISOString() : valueText(value);
}

/** A value in one harmless line. */
function valueText(value: unknown): string {
  if (value === undefined) return '-';
  if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return harmless(clipped(value.join(' '), VALUE)) || '-';
  const plain = (_: string, each: unknown) => (typeof each === 'bigint' ? String(each) : each);
  const text = typeof value === 'string' || typeof value === 'bigint' ? String(value) : JSON.stringify(value, plain);
  return harmless(clipped(shortDigests(text), VALUE)) || '-';
}
