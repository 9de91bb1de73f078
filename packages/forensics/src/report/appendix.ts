/** What the report is made of: digests, versions, rules, faults of the evidence. */
import { bytesText, type Diagnostic } from '@stillframe/core';
import type { Rule } from '../rules/rule.ts';
import { rulesDigest } from '../rules-digest.ts';
import { html, type Markup } from './html.ts';
import { badge, clipped, code, facts, section, table } from './parts.ts';
import type { ReportSource } from './source.ts';

const LONGEST = 400;
const MOST = 200;

export function appendixSection({ judged, node, options, record }: ReportSource): Markup {
  const { archive, metadata, rules, version, diagnostics } = judged;
  const { container, image, capture } = metadata;
  const text = (value: string | undefined) => value && clipped(value, LONGEST);
  return section(
    'appendix',
    'Appendix',
    facts([
      ['Archive', code(archive.name)],
      ['SHA-256 of the archive', archive.digest ? code(archive.digest) : 'none: it is a folder'],
      ['Size', archive.size === undefined ? undefined : `${bytesText(archive.size)} (${archive.size} bytes)`],
      ['Entries', archive.entries.size],
      ['Container', text(container.id)],
      ['Image', text(image.name)],
      ['Image digest', image.ref && code(clipped(image.ref, LONGEST))],
      ['Written by', text([metadata.engine, metadata.engineVersion].filter(Boolean).join(' '))],
      ['Runtime', text(metadata.ociRuntime)],
      ['CRIU', text(capture?.criuVersion)],
      ['Stillframe', version],
      ['Node.js', node],
      ['Rules', html`${rules.length}, ${code(rulesDigest(rules))}`],
      ['Digest of all entries', record && code(record.entries)],
      ['Image compared with', record?.image && code(record.image)],
      ['Digest of the findings', record && code(record.results)],
      ['Statement of the run', record && html`${code(record.statement)} (as <code>stillframe scan</code> records it)`],
      ['Options', options.length === 0 ? 'all as they are by default' : options.join('; ')],
    ]),
    faults(diagnostics),
    ruleList(rules),
  );
}

function faults(diagnostics: readonly Diagnostic[]): Markup {
  const columns = [
    { title: 'Where', cell: ({ source }: Diagnostic) => code(clipped(source, LONGEST)) },
    { title: 'Weight', cell: ({ severity }: Diagnostic) => severity },
    { title: 'What', cell: ({ message }: Diagnostic) => clipped(message, LONGEST) },
  ];
  return table(
    'Faults of the evidence: what could not be read, or is not as it should be',
    columns,
    diagnostics.slice(0, MOST),
    {
      total: diagnostics.length,
      none: 'All that was looked at could be read.',
    },
  );
}

function ruleList(rules: readonly Rule[]): Markup {
  const columns = [
    { title: 'Rule', cell: ({ id }: Rule) => code(clipped(id, LONGEST)) },
    { title: 'Severity', cell: ({ severity }: Rule) => badge(severity) },
    { title: 'What it looks for', cell: ({ title }: Rule) => clipped(title, LONGEST) },
    { title: 'Techniques', cell: ({ techniques }: Rule) => techniques.join(', ') },
  ];
  return html`<details open>
<summary><h3>The rules by which it was judged</h3></summary>
${table('All rules, whether they found something or not', columns, rules)}</details>
`;
}
