/** Whether the archive still is what was captured, and who had it. */
import { html, type Markup } from './html.ts';
import { clipped, code, counted, facts, section, table, timeText } from './parts.ts';
import type { CustodyRow, Proof, ProofCheck, ReportSource } from './source.ts';

const WORDS = { holds: 'holds', fails: 'does not hold', unchecked: 'not checked' } as const;
const LONGEST = 600;

export function custodySection({ proof }: ReportSource): Markup {
  if (!proof) {
    return section(
      'custody',
      'Custody and verification',
      html`<p>No evidence lies beside the archive: nobody says when, by whom or of what it was made. Its digest in the appendix tells from now on
whether it is changed.</p>`,
    );
  }
  return section('custody', 'Custody and verification', checks(proof), told(proof), chain(proof));
}

function checks({ checks: found, statement }: Proof): readonly Markup[] {
  const columns = [
    { title: 'Check', cell: ({ name }: ProofCheck) => name },
    { title: 'Outcome', cell: ({ state }: ProofCheck) => html`<strong class="${state}">${WORDS[state]}</strong>` },
    { title: 'How it is known', cell: ({ text }: ProofCheck) => clipped(text, LONGEST) },
  ];
  return [
    table('The archive held against the statement of its capture', columns, found),
    facts([['Digest of the statement', statement && code(statement)]]),
  ];
}

function told({ capture }: Proof): Markup {
  const list = (lines: readonly string[]) =>
    lines.length > 0 && html`<ul>${lines.slice(0, 50).map((line) => html`<li>${clipped(line, LONGEST)}</li>`)}</ul>`;
  const rows = [
    ['Asked for by', list(capture.askedBy)],
    ['Captured on', capture.node],
    ['Begun', capture.startedAt],
    ['Finished', capture.finishedAt],
    ['Not captured', list(capture.notCaptured)],
    ['Changed before the capture', list(capture.altered)],
  ] as const;
  return facts(rows.filter(([, value]) => value !== false && value !== undefined));
}

function chain({ custody, custodyLeft, custodyHead }: Proof): readonly Markup[] {
  const columns = [
    { title: 'Time (UTC)', cell: ({ at }: CustodyRow) => timeText(new Date(at)) },
    { title: 'Who', cell: ({ who }: CustodyRow) => clipped(who, LONGEST) },
    { title: 'What', cell: ({ action }: CustodyRow) => clipped(action, LONGEST) },
    { title: 'Outcome', cell: ({ outcome }: CustodyRow) => clipped(outcome ?? '', LONGEST) },
  ];
  return [
    ...(custodyLeft > 0
      ? [html`<p class="more">${counted(custodyLeft, 'earlier entry', 'earlier entries')} left out.</p>`]
      : []),
    table('Chain of custody: who had the archive', columns, custody, {
      none: 'No chain of custody lies beside the archive.',
    }),
    facts([['Digest of its last line', custodyHead && code(custodyHead)]]),
  ];
}
