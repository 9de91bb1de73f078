/** Findings for people: what, where, and the command that opens the place to begin at. */
import { harmless } from '@stillframe/core';
import { type Finding, referenceText } from '@stillframe/forensics';
import { quoted } from '../display/command-text.ts';

/** References that are named; JSON has them all. */
const NAMED = 3;

/** `what`: how the checkpoint was named to the command. */
export function findingsText(findings: readonly Finding[], what: string): string {
  if (findings.length === 0) return 'nothing suspicious was found\n';
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
  return `${blocks.join('\n')}\n${count} in ${harmless(what)}\n`;
}
