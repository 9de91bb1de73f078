/** What differs between the checkpoint and another one on the desk. */
import { redactArguments } from '@stillframe/core';
import {
  type CheckpointDiff,
  compareCheckpoints,
  DIFF_TABLES,
  type DiffRow,
  type DiffTable,
  rowView,
  TOLD,
} from '@stillframe/forensics';
import type { DeskCase } from '../case.ts';
import type { DiffAnswer, DiffRowFacts, DiffSide, DiffTableFacts } from '../contract/index.ts';
import { deskError } from '../errors.ts';
import { placeOf } from './places.ts';
import type { AnswerRoute } from './route.ts';
import { valueText } from './value-text.ts';

/** Rows of a table, facts of a row, characters of a fact, and things that could not be compared. */
const [MOST, MOST_FACTS, LONGEST, MOST_SKIPPED] = [400, 24, 600, 50];

/** Throws ERR_DESK_NOT_FOUND for another one that is not on the desk, ERR_DESK_QUESTION for the very same. */
export const diff: AnswerRoute<'diff'> = async ({ one, cases, question }): Promise<DiffAnswer> => {
  const other = cases.find(question.text('other'));
  if (!other) throw deskError('ERR_DESK_NOT_FOUND', 'the desk has no such checkpoint to compare with');
  if (other === one) throw deskError('ERR_DESK_QUESTION', 'a checkpoint differs in nothing from itself');
  const [before, after] = [sideOf(one), sideOf(other)];
  const wish = question.oneOf('sibling', ['auto', 'true', 'false']);
  const [was, is] = [one, other].map(({ checkpoint }) => checkpoint.metadata.container.id);
  const sibling = wish === 'auto' ? was !== undefined && is !== undefined && was !== is : wish === 'true';
  const memory = question.flag('memory');
  const compared = await one.keep(`diff ${other.id} ${sibling} ${memory}`, (signal) =>
    compareCheckpoints(one.checkpoint, other.checkpoint, { sibling, memory, signal }),
  );
  const [from, to] = [before, after].map(({ checkpointed }) => Date.parse(checkpointed ?? ''));
  return {
    ...{ before, after, sibling, isReversed: from !== undefined && to !== undefined && from > to },
    ...{ tables: tablesOf(compared), sameFindings: compared.sameFindings },
    notCompared: compared.notCompared.slice(0, MOST_SKIPPED).map(({ table, key, reason }) => ({ table, key, reason })),
  };
};

function sideOf({ id, name, checkpoint: { metadata } }: DeskCase): DiffSide {
  const { kubeNamespace, podName, name: called, id: number } = metadata.container;
  const container = [kubeNamespace, podName, called].filter(Boolean).join('/') || number || null;
  return { id, name, container, checkpointed: metadata.checkpointed ?? null };
}

function tablesOf(compared: CheckpointDiff): readonly DiffTableFacts[] {
  const tables = new Map<DiffTable, { rows: DiffRowFacts[]; total: number; withProcess: number }>();
  for (const row of compared.rows()) {
    const known = tables.get(row.table) ?? { rows: [], total: 0, withProcess: 0 };
    tables.set(row.table, known);
    if (row.withProcess) known.withProcess += 1;
    else {
      known.total += 1;
      if (known.rows.length < MOST) known.rows.push(factsOf(row));
    }
  }
  return DIFF_TABLES.flatMap((table): DiffTableFacts[] => {
    const found = tables.get(table);
    return found ? [{ table, counts: countsOf(compared, table), ...found }] : [];
  });
}

function countsOf({ summary, pages }: CheckpointDiff, table: DiffTable): DiffTableFacts['counts'] {
  if (table !== 'pages') return summary[table];
  const { changed = 0, written = 0, dropped = 0, added = 0 } = pages?.pages ?? {};
  return { added: added + written, removed: dropped, changed };
}

function factsOf(row: DiffRow): DiffRowFacts {
  const { key, label, change, before, after } = rowView(row, false);
  const names =
    change === 'changed'
      ? new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])
      : TOLD[row.table].filter((name) => isSaid((before ?? after)?.[name]));
  return {
    ...{ key, label, change },
    facts: [...names].slice(0, MOST_FACTS).map((name) => ({
      name,
      before: before && name in before ? factText(name, before[name]) : null,
      after: after && name in after ? factText(name, after[name]) : null,
    })),
    before: row.references.before ? placeOf(row.references.before) : null,
    after: row.references.after ? placeOf(row.references.after) : null,
  };
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0);
}

function factText(name: string, value: unknown): string {
  if (name === 'modified' && typeof value === 'number') {
    const date = new Date(value * 1000);
    if (!Number.isNaN(date.getTime())) return date.toISOString();
  }
  const isCalled = name === 'arguments' && Array.isArray(value) && value.every((each) => typeof each === 'string');
  return valueText(isCalled ? redactArguments(value) : value).slice(0, LONGEST);
}
