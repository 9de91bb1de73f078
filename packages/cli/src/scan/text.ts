/** Findings for people: what, where, and the command that opens the place to begin at. */
import { harmless } from '@stillframe/core';
import { type Finding, referenceText, SEVERITIES } from '@stillframe/forensics';
import { quoted } from '../display/command-text.ts';

/** References that are named; JSON has them all. */
const NAMED = 3;

/** `what`: how the checkpoint was named to the command. `left`: findings that are not so bad as was asked for. */
export function findingsText(findings: readonly Finding[], what: string, left = 0): string {
  const less = left === 0 ? '' : `; ${left} of less severity: --minimum info shows all`;
  if (findings.length === 0) return `nothing suspicious was found${less}\n`;
  const blocks = findings.map((finding) => {
    const { severity, summary, techniques, references, rule } = finding;
    const [first] = references;
    const named = references.slice(0, NAMED).map(referenceText).join('  ');
    const more = references.length > NAMED ? ` and ${references.length - NAMED} more` : '';
    const lines = [
      `${severity.toUpperCase().padEnd(8)}  ${harmless(summary)}`,
      `${named}${more}`,
      `${rule}  ${techniques.join(' ')}`.trimEnd(),
      `stillframe show ${quoted(what)} ${quoted(referenceText(first))}`,
    ];
    return `${lines.join('\n          ')}\n`;
  });
  const count = findings.length === 1 ? 'one finding' : `${findings.length} findings`;
  return `${blocks.join('\n')}\n${count} in ${harmless(what)}: ${severitiesText(findings)}${less}\n${nextSteps(quoted(what))}`;
}

/** What to ask once it is known that something is wrong. */
function nextSteps(what: string): string {
  return `
next: stillframe secrets ${what} --rotation    which keys it held, to be replaced
      stillframe report ${what} -o report.html    all of this as a page for others
      stillframe diff --sibling CLEAN ${what}    beside a replica that is known to be good
`;
}

/** `2 critical, 1 low`. */
function severitiesText(findings: readonly Finding[]): string {
  const counts = Map.groupBy(findings, ({ severity }) => severity);
  return SEVERITIES.toReversed()
    .flatMap((severity) => (counts.has(severity) ? [`${counts.get(severity)?.length} ${severity}`] : []))
    .join(', ');
}
