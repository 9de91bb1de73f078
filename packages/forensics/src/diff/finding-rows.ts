/** Findings of rules: new, gone, and how many are the same. */
import type { Finding } from '../finding.ts';
import { referenceText } from '../reference.ts';
import { compareThings, type Thing } from './keyed.ts';
import type { DiffRow } from './row.ts';

/** By id; findings of siblings, whose ids are of other pids and addresses, by rule and by what they say but for numbers. */
export function* findingRows(
  before: readonly Finding[],
  after: readonly Finding[],
  sibling: boolean,
): Generator<DiffRow> {
  const keys = sibling ? [said] : [({ key }: FindingThing) => key];
  yield* compareThings('findings', before.map(thingOf), after.map(thingOf), keys);
}

interface FindingThing extends Thing {
  readonly finding: Finding;
}

const said = ({ finding: { rule, summary } }: FindingThing): string =>
  `${rule} ${summary.replace(/0x[0-9a-f]+|\d+/g, '#')}`;

function thingOf(finding: Finding): FindingThing {
  const { id, rule, title, severity, techniques, summary, references } = finding;
  return {
    ...{ key: id, label: summary, finding },
    facts: { severity },
    more: { rule, title, techniques, summary, references: references.map(referenceText) },
    reference: references[0],
  };
}
