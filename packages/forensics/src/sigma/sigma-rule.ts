/** A document of Sigma as a rule of ours. */
import type { Tables } from '../analysers/index.ts';
import type { Severity, Suspicion } from '../finding.ts';
import type { Rule } from '../rules/rule.ts';
import { demandNames, holds, parseCondition } from './condition.ts';
import { CATEGORIES, type SigmaEvent } from './events.ts';
import type { Patience } from './patience.ts';
import { isMap, selectionOf } from './selection.ts';
import { quoted, Unsupported } from './unsupported.ts';

const LEVELS: ReadonlyMap<unknown, Severity> = new Map<unknown, Severity>([
  [undefined, 'medium'],
  ['informational', 'info'],
  ...(['low', 'medium', 'high', 'critical'] as const).map((level) => [level, level] as const),
]);
const MOST_SELECTIONS = 200;

/** `gaveUp` is called where judging took too long; nothing is then said by the rule. Throws Unsupported. */
export function sigmaRule(document: unknown, patience: Patience, gaveUp: (rule: Rule) => void): Rule {
  if (!isMap(document)) throw new Unsupported('document that is no map');
  for (const key of ['correlation', 'action', 'filter']) if (Object.hasOwn(document, key)) throw new Unsupported(key);
  const { title, tags, level, description, falsepositives } = document;
  const severity = LEVELS.get(level);
  if (severity === undefined) throw new Unsupported(`level ${quoted(level)}`);
  if (typeof title !== 'string' || title.trim() === '') throw new Unsupported('rule without a title');
  const category = categoryOf(document['logsource']);
  const matches = detectionOf(document['detection'], category.fields);
  const rule: Rule = {
    id: idOf(document['id'] ?? title),
    ...{ title: title.slice(0, 200), severity, techniques: techniquesOf(tags) },
    why: typeof description === 'string' ? description.trim().slice(0, 2000) : '',
    benign: textsOf(falsepositives).join('; ').slice(0, 2000),
    judge(tables: Tables): Iterable<Suspicion> {
      const events = category.events(tables);
      const found = patience.run(() => events.filter(({ fields }) => matches(fields)));
      if (found === undefined) gaveUp(rule);
      return (found ?? []).map(suspicionOf);
    },
  };
  return rule;

  function suspicionOf({ what, references, fields }: SigmaEvent): Suspicion {
    const told = [...fields].flatMap(([name, values]) =>
      values.length === 0
        ? []
        : [
            [
              name,
              values
                .slice(0, 8)
                .map((each) => each.slice(0, 1000))
                .join(', '),
            ],
          ],
    );
    return { summary: `${what}: ${rule.title}`, references, details: Object.fromEntries(told) };
  }
}

function categoryOf(logsource: unknown) {
  if (!isMap(logsource)) throw new Unsupported('rule without a logsource');
  const { product, category, service } = logsource;
  if (product !== undefined && product !== 'linux') throw new Unsupported(`product ${quoted(product)}`);
  if (service !== undefined) throw new Unsupported(`service ${quoted(service)}`);
  const found = typeof category === 'string' ? CATEGORIES.get(category) : undefined;
  if (!found) throw new Unsupported(`category ${quoted(category)}`);
  return found;
}

function detectionOf(detection: unknown, known: ReadonlySet<string>) {
  if (!isMap(detection)) throw new Unsupported('rule without a detection');
  const { condition, timeframe, ...rest } = detection;
  if (timeframe !== undefined) throw new Unsupported('timeframe');
  const entries = Object.entries(rest);
  if (entries.length > MOST_SELECTIONS) throw new Unsupported(`more than ${MOST_SELECTIONS} selections`);
  const selections = new Map(entries.map(([name, given]) => [name, selectionOf(given, known)]));
  const names = [...selections.keys()];
  const given: readonly unknown[] = Array.isArray(condition) ? condition : [condition];
  if (given.length === 0) throw new Unsupported('rule without a condition');
  const conditions = given.map((text) => {
    if (typeof text !== 'string') throw new Unsupported(`condition ${quoted(text)}`);
    const parsed = parseCondition(text);
    demandNames(parsed, names);
    return parsed;
  });
  return (fields: SigmaEvent['fields']) =>
    conditions.some((each) => holds(each, names, (name) => selections.get(name)?.(fields) ?? false));
}

function idOf(given: unknown): string {
  const slug = String(given)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 80)
    .replaceAll(/^-|-$/g, '');
  if (slug === '') throw new Unsupported('rule without an id, and with no letters in its title');
  return `sigma-${slug}`;
}

function techniquesOf(tags: unknown): readonly string[] {
  const found = textsOf(tags).flatMap((tag) => /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]?.toUpperCase() ?? []);
  return [...new Set(found)].slice(0, 32);
}

function textsOf(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((each) => typeof each === 'string').slice(0, 100);
}
