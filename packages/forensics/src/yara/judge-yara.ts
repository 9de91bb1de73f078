/** What YARA rules find, as findings beside those of our own rules. */
import type { Checkpoint } from '@stillframe/checkpoint';
import { type Finding, findingId, SEVERITIES, type Severity } from '../finding.ts';
import type { Rule } from '../rules/rule.ts';
import type { YaraRules } from './engine.ts';
import { type PlacedMatch, type ScanYaraOptions, scanYara } from './scan-yara.ts';

/** Findings, and the rules that they are of; of those that matched nothing nothing is known. */
export interface YaraJudgement {
  readonly rules: readonly Rule[];
  readonly findings: readonly Finding[];
}

/** Findings that are kept, and places of one. */
const KEPT = 10_000;
const PLACES = 64;

/** One finding a rule and process or file. */
export async function judgeYara(
  checkpoint: Checkpoint,
  compiled: YaraRules,
  options: ScanYaraOptions,
): Promise<YaraJudgement> {
  const rules = new Map<string, Rule>();
  const judged = new Map<string, { rule: Rule; matches: [PlacedMatch, ...PlacedMatch[]] }>();
  for await (const match of scanYara(checkpoint, compiled, options)) {
    const said = ruleOf(match);
    const rule = rules.get(said.id) ?? said;
    rules.set(rule.id, rule);
    const key = `${rule.id} ${match.place.kind === 'memory' ? match.place.process.pid : match.place.file.name}`;
    const known = judged.get(key);
    if (known) known.matches.push(match);
    else if (judged.size < KEPT) judged.set(key, { rule, matches: [match] });
  }
  const findings = Array.from(judged.values(), (each) => findingOf(each.matches, each.rule));
  return { rules: [...rules.values()], findings };
}

/** The rule as ours are: its text is what `meta` says. */
function ruleOf({ rule, namespace, meta, tags }: PlacedMatch): Rule {
  const said = (name: string) => (typeof meta[name] === 'string' && meta[name] !== '' ? meta[name] : undefined);
  return {
    id: `yara-${namespace.replace(/\.yara?$/i, '')}-${rule}`,
    title: said('description') ?? `YARA rule ${rule}`,
    severity: severityOf(said('severity')),
    techniques: [],
    why: said('description') ?? `rule ${rule} of ${namespace}${tags.length > 0 ? ` (${tags.join(', ')})` : ''} matches`,
    benign: said('falsepositives') ?? 'the author of the rule does not say',
    judge: () => [],
  };
}

function severityOf(said: string | undefined): Severity {
  return SEVERITIES.find((each) => each === said?.toLowerCase()) ?? 'medium';
}

function findingOf(all: readonly [PlacedMatch, ...PlacedMatch[]], rule: Rule): Finding {
  const [first] = all;
  const { id, title, severity, techniques } = rule;
  const places = new Map(all.flatMap(({ references }) => references).map((each) => [keyOf(each), each]));
  const [begin = first.references[0], ...others] = places.values();
  const identifiers = new Set(all.flatMap(({ strings }) => strings.map(({ identifier }) => identifier)));
  return {
    ...{ id: findingId(id, [begin]), rule: id, title, severity, techniques },
    summary: `${whereOf(first)} matches the YARA rule ${first.rule}`,
    references: [begin, ...others.slice(0, PLACES - 1)],
    details: {
      ...{ namespace: first.namespace, tags: first.tags, meta: first.meta },
      ...{ strings: [...identifiers], matches: places.size },
    },
  };
}

function keyOf(reference: PlacedMatch['references'][number]): string {
  return JSON.stringify(reference, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}

function whereOf({ place }: PlacedMatch): string {
  if (place.kind === 'file') return `${place.file.where} ${place.file.name ?? ''}`.trim();
  return `memory of process ${place.process.pid} (${place.process.comm ?? '?'})`;
}
