/** What the rules say, the worst first, with the places that a click opens. */
import { type Finding, rules, SEVERITIES } from '@stillframe/forensics';
import type { FindingFacts, FindingList } from '../contract/index.ts';
import { placeOf } from './places.ts';
import type { AnswerRoute } from './route.ts';
import { valueText } from './value-text.ts';

/** Findings, places and details that are listed, and characters of one detail. */
const [MOST, MOST_PLACES, MOST_DETAILS, LONGEST] = [1000, 20, 24, 1000];

export const findings: AnswerRoute<'findings'> = async ({ one, question }): Promise<FindingList> => {
  const { findings: found } = await one.analysis(question.flag('memory'));
  const counts = Object.fromEntries(
    SEVERITIES.map((severity) => [severity, found.filter((each) => each.severity === severity).length]),
  ) as FindingList['counts'];
  return { findings: found.slice(0, MOST).map(factsOf), total: found.length, rules: rules.length, counts };
};

function factsOf({ id, rule, title, severity, summary, techniques, references, details }: Finding): FindingFacts {
  const judge = rules.find((each) => each.id === rule);
  return {
    ...{ id, rule, title, severity, summary, techniques },
    places: references.slice(0, MOST_PLACES).map(placeOf),
    placesTotal: references.length,
    details: Object.entries(details ?? {})
      .filter(([, value]) => value !== undefined)
      .slice(0, MOST_DETAILS)
      .map(([name, value]) => [name, valueText(value).slice(0, LONGEST)] as const),
    ...{ why: judge?.why ?? '', benign: judge?.benign ?? '' },
  };
}
