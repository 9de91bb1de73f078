/** A difference as JSON has it: references as text, secrets hidden. */
import { namesSecret, redactVariable } from '@stillframe/core';
import { type DiffRow, type Facts, referenceText } from '@stillframe/forensics';

export type RowView = ReturnType<typeof rowView>;

/** `showSecrets`: whether values of variables such as PASSWORD stay. */
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
