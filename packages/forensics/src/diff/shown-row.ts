/** A difference as it is shown: references as text, secrets hidden; and which facts of a thing are worth a line. */
import { namesSecret, redactVariable } from '@stillframe/core';
import { referenceText } from '../reference.ts';
import type { DiffRow, DiffTable, Facts } from './row.ts';

export type RowView = ReturnType<typeof rowView>;

/** What is told of a thing of each table that was added or removed. */
export const TOLD: Readonly<Record<DiffTable, readonly string[]>> = {
  ...{ container: ['value'], processes: ['parent', 'arguments', 'workingFolder'], files: ['type', 'deleted'] },
  ...{ sockets: ['holders'], mappings: ['protection', 'bytes'], pages: ['pages', 'protection'] },
  ...{ mounts: ['source'], rootfs: ['change', 'type', 'size', 'sha256', 'flags'], environment: ['value'] },
  findings: ['severity', 'rule'],
};

/** A row with its values; `showSecrets`: whether values of variables such as PASSWORD stay. */
export function rowView(row: DiffRow, showSecrets: boolean) {
  const { table, key, label, change, before, after, references, withProcess } = row;
  const shown = (facts: Facts | undefined) => (facts && !showSecrets ? redacted(row, facts) : facts);
  return {
    ...{ table, key, label, change, before: shown(before), after: shown(after) },
    references: {
      before: references.before && referenceText(references.before),
      after: references.after && referenceText(references.after),
    },
    ...(withProcess ? { withProcess } : {}),
  };
}

function redacted({ table, key }: DiffRow, facts: Facts): Facts {
  if (table === 'environment') {
    const name = key.slice(key.indexOf(' ') + 1);
    const { value } = facts;
    return typeof value === 'string' && namesSecret(name) ? { ...facts, value: hidden(value) } : facts;
  }
  const { value } = facts;
  if (table !== 'container' || !Array.isArray(value)) return facts;
  return { ...facts, value: value.map((each) => (typeof each === 'string' ? redactVariable(each) : each)) };
}

const hidden = (value: string) => `<redacted, ${value.length} characters>`;
