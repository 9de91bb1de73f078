/** What YARA rules find, as findings beside those of our own rules. */
import type { Checkpoint } from '@stillframe/checkpoint';
import type { Diagnostic } from '@stillframe/core';
import { type Finding, findingId, SEVERITIES, type Severity } from '../finding.ts';
import { type EvidenceReference, referenceText } from '../reference.ts';
import type { Rule } from '../rules/rule.ts';
import { MATCHES, type YaraRules } from './engine.ts';
import { type PlacedMatch, type ScanYaraOptions, scanYara } from './scan-yara.ts';

/** Findings, and the rules that they are of; of those that matched nothing nothing is known. */
export interface YaraJudgement {
  readonly rules: readonly Rule[];
  readonly findings: readonly Finding[];
  /** Where bounds were reached. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Findings that are kept, and places and strings of one. */
const KEPT = 10_000;
const PLACES = 64;

/** What is kept of all that a rule says of one process or file. */
interface Kept {
  readonly rule: Rule;
  readonly first: PlacedMatch;
  readonly places: Map<string, EvidenceReference>;
  readonly strings: Set<string>;
  /** Those in which two windows overlap are counted twice. */
  matches: number;
}

/** One finding a rule and process or file. */
export async function judgeYara(
  checkpoint: Checkpoint,
  compiled: YaraRules,
  options: ScanYaraOptions,
): Promise<YaraJudgement> {
  const rules = new Map<string, Rule>();
  const judged = new Map<string, Kept>();
  let [left, windowed] = [0, 0];
  const cut = new Set<string>();
  for await (const match of scanYara(checkpoint, compiled, { ...options, windowed: () => void windowed++ })) {
    const said = ruleOf(match);
    const rule = rules.get(said.id) ?? said;
    rules.set(rule.id, rule);
    const key = `${rule.id} ${placeKey(match)}`;
    const kept = judged.get(key) ?? { rule, first: match, places: new Map(), strings: new Set(), matches: 0 };
    if (judged.size < KEPT || judged.has(key)) judged.set(key, kept);
    else left += 1;
    if (isCut(match)) cut.add(rule.id);
    add(kept, match);
  }
  const findings = Array.from(judged.values(), findingOf);
  const told = [
    ...(left > 0 ? [`${left} more matches of rules are left out: ${KEPT} findings are kept`] : []),
    ...(windowed > 0
      ? [`${windowed} mappings or files are larger than a window: a condition over two texts may not hold in one`]
      : []),
    ...(cut.size > 0
      ? [`of a text of ${[...cut].slice(0, 10).join(', ')} not all matches in a window are told: it has too many`]
      : []),
  ];
  const diagnostics = told.map(
    (message) => ({ id: 'yara-bound', severity: 'warning', source: '--yara', message }) as const,
  );
  return { rules: [...rules.values()], findings, diagnostics };
}

/** The process or file: of files by where they are, since two memfds may have one name. */
function placeKey({ place }: PlacedMatch): string {
  return place.kind === 'memory'
    ? String(place.pid)
    : `${place.file.name} ${referenceText(place.file.reference(0, 0))}`;
}

function add(kept: Kept, { references, strings }: PlacedMatch): void {
  for (const { identifier } of strings) if (kept.strings.size < PLACES) kept.strings.add(identifier);
  const texts = new Map(references.map((reference) => [referenceText(reference), reference]));
  kept.matches += texts.size;
  for (const [text, reference] of texts) {
    if (kept.places.size === PLACES) return;
    kept.places.set(text, reference);
  }
}

/** Whether YARA-X told no more of a string because it had told so many. */
function isCut({ strings }: PlacedMatch): boolean {
  if (strings.length < MATCHES) return false;
  return [...Map.groupBy(strings, ({ identifier }) => identifier).values()].some(({ length }) => length >= MATCHES);
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

function findingOf({ rule, first, places, strings, matches }: Kept): Finding {
  const { id, title, severity, techniques } = rule;
  const [begin = first.references[0], ...others] = places.values();
  return {
    ...{ id: findingId(id, [begin]), rule: id, title, severity, techniques },
    summary: `${whereOf(first)} matches the YARA rule ${first.rule}`,
    references: [begin, ...others],
    details: {
      ...{ namespace: first.namespace, tags: first.tags, meta: first.meta },
      ...{ strings: [...strings], matches },
    },
  };
}

function whereOf({ place }: PlacedMatch): string {
  if (place.kind === 'file') return `${place.file.where} ${place.file.name ?? ''}`.trim();
  return `memory of process ${place.pid} (${place.name ?? '?'})`;
}
