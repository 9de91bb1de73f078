/** Findings of rules: new, gone, and how many are the same. */
import type { Finding } from '../finding.ts';
import { referenceText } from '../reference.ts';
import { compareThings, type Thing } from './keyed.ts';
import type { DiffRow } from './row.ts';

/**
 * By id, else by rule and first place: a finding of several places is another one when one more comes. Findings of siblings, whose
 * ids are of other pids and addresses, by rule and by what they say but for numbers.
 */
export function* findingRows(
  before: readonly Finding[],
  after: readonly Finding[],
  sibling: boolean,
): Generator<DiffRow> {
  const keys = sibling ? [said] : [({ key }: FindingThing) => key, place];
  const told = (finding: Finding) => thingOf(finding, sibling);
  yield* compareThings('findings', before.map(told), after.map(told), keys);
}

interface FindingThing extends Thing {
  readonly finding: Finding;
}

const said = ({ finding: { rule, summary } }: FindingThing): string =>
  `${rule} ${summary.replace(/0x[0-9a-f]+|\d+/g, '#')}`;

const place = ({ finding: { rule, references } }: FindingThing): string => `${rule} ${referenceText(references[0])}`;

function thingOf(finding: Finding, sibling: boolean): FindingThing {
  const { id, rule, title, severity, techniques, summary, references } = finding;
  return {
    ...{ key: id, label: summary, finding },
    // The numbers in a sentence are a container's own.
    facts: { severity, ...(sibling ? {} : { summary }) },
    more: { rule, title, techniques, ...(sibling ? { summary } : {}), references: references.map(referenceText) },
    reference: references[0],
  };
}
