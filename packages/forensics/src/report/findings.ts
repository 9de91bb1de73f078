/** The findings, the worst first: what was found, why it matters, what would be benign, where it stands. */

import { techniqueName, techniqueUrl } from '../export/techniques.ts';
import { type Finding, SEVERITIES, type Severity } from '../finding.ts';
import { referenceText } from '../reference.ts';
import type { Rule } from '../rules/rule.ts';
import { type Content, html, type Markup } from './html.ts';
import { badge, clipped, code, counted, facts, section } from './parts.ts';
import { MOST_ROWS, type ReportSource } from './source.ts';

/** References of one finding that are listed, and characters of its details. */
const [MOST_REFERENCES, LONGEST] = [20, 2000];

export function findingsSection({ judged, archiveWord }: ReportSource): Markup {
  const { findings } = judged.analysis;
  const rules = new Map(judged.rules.map((rule) => [rule.id, rule]));
  const shown = findings.slice(0, MOST_ROWS);
  const taken = new Set<string>();
  const anchorOf = ({ id }: Finding) => (taken.has(id) ? undefined : taken.add(id) && `finding-${id}`);
  const blocks = SEVERITIES.toReversed().flatMap((severity) => {
    const some = shown.filter((finding) => finding.severity === severity);
    return some.map((finding) =>
      findingBlock(finding, rules.get(finding.rule), { archiveWord, anchor: anchorOf(finding) }),
    );
  });
  const more = findings.length - shown.length;
  return section(
    'findings',
    'Findings',
    findings.length === 0
      ? html`<p class="none">No rule found anything suspicious. That is no proof that nothing happened: rules see what they look for.</p>`
      : html`<p>A finding is a lead, not a verdict: each says what would look the same and be harmless.</p>`,
    blocks,
    more > 0 &&
      html`<p class="more">… and ${counted(more, 'more finding')}; <code>stillframe scan</code> lists them.</p>`,
  );
}

/** How many there are of each severity. */
export function tiles(findings: readonly Finding[]): Markup {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return html`<ul class="tiles">
${SEVERITIES.toReversed().map((severity) => {
  const found = count(severity);
  return html`<li class="${found === 0 ? 'zero' : severity}"><b>${found}</b><span>${severity}</span></li>
`;
})}</ul>
`;
}

/** How the archive is called in commands, and the id of the block; undefined where another has it. */
interface Place {
  archiveWord: string;
  anchor: string | undefined;
}

function findingBlock(finding: Finding, rule: Rule | undefined, { archiveWord, anchor }: Place): Markup {
  const { id, severity, summary, techniques, references, details, title } = finding;
  const [first] = references;
  const places = references
    .slice(0, MOST_REFERENCES)
    .map((reference) => html`<li>${code(referenceText(reference))}</li>`);
  const left = references.length - places.length;
  const rows: (readonly [string, Content])[] = [
    ['Why it matters', rule && ticked(rule.why)],
    ['It may be benign', rule && ticked(rule.benign)],
    ['Techniques', techniques.length > 0 && techniqueList(techniques)],
    ['Where it stands', html`<ul>${places}${left > 0 && html`<li>and ${left} more</li>`}</ul>`],
    ['To look at it', html`<span class="cmd">stillframe show ${archiveWord} ${referenceText(first)}</span>`],
    ['What else is known', details && code(clipped(JSON.stringify(details, undefined, 1), LONGEST))],
    ['Rule', html`${code(finding.rule)} (${rule?.title ?? title})`],
    ['Finding', code(id)],
  ];
  return html`<details open class="finding"${anchor !== undefined && html` id="${anchor}"`}>
<summary>${badge(severity)}<h3>${clipped(summary, LONGEST)}</h3></summary>
${facts(rows.filter(([, value]) => value !== false))}</details>
`;
}

/** Words of rules, in which names stand between backticks. */
function ticked(text: string): readonly Content[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? code(part) : part));
}

function techniqueList(techniques: readonly string[]): Markup {
  const items = techniques.map(
    (id) =>
      html`<li><a href="${techniqueUrl(id)}" rel="noreferrer noopener external">${id}</a> ${techniqueName(id)}</li>`,
  );
  return html`<ul>${items}</ul>`;
}
