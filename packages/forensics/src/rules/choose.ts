/** Which rules are judged, by their ids. */
import { forensicsError } from '../errors.ts';
import { rules } from './index.ts';
import type { Rule } from './rule.ts';

/** Ids, or beginnings of ids that end in `*`. */
export interface RuleChoice {
  /** Only these; all where none is given. */
  readonly only?: readonly string[] | undefined;
  /** All but these. */
  readonly without?: readonly string[] | undefined;
}

/** The rules that are chosen, in the order of the table. Throws ERR_FORENSICS_RULE_UNKNOWN for an id that fits none. */
export function chooseRules({ only = [], without = [] }: RuleChoice, table: readonly Rule[] = rules): readonly Rule[] {
  const chosen = new Set(only.flatMap((text) => fitting(text, table)));
  const left = new Set(without.flatMap((text) => fitting(text, table)));
  return table.filter((rule) => (only.length === 0 || chosen.has(rule)) && !left.has(rule));
}

function fitting(text: string, table: readonly Rule[]): readonly Rule[] {
  const beginning = text.endsWith('*') ? text.slice(0, -1) : undefined;
  const found = table.filter(({ id }) => (beginning === undefined ? id === text : id.startsWith(beginning)));
  if (found.length > 0) return found;
  const near = table.flatMap(({ id }) =>
    id.includes(text) || id.split('-').some((word) => word.length > 2 && text.includes(word)) ? id : [],
  );
  const more = near.length === 0 ? '' : `; perhaps ${near.slice(0, 3).join(', ')}`;
  throw forensicsError('ERR_FORENSICS_RULE_UNKNOWN', `there is no rule ${JSON.stringify(text.slice(0, 100))}${more}`);
}
