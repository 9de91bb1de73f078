/** What happened when, as far as the checkpoint and the evidence beside it tell. */

import { momentOf } from '../judged.ts';
import { referenceText } from '../reference.ts';
import { html, type Markup } from './html.ts';
import { clipped, code, counted, section, table, timeText } from './parts.ts';
import type { Moment, ReportSource } from './source.ts';

/** Moments that are told: the last ones. */
const MOST = 300;
const LONGEST = 300;

export function timelineSection(source: ReportSource): Markup {
  const moments = (source.timeline ?? momentsOf(source)).toSorted((a, b) => a.time.getTime() - b.time.getTime());
  const shown = moments.slice(-MOST);
  const columns = [
    { title: 'Time (UTC)', cell: ({ time }: Moment) => timeText(time) },
    { title: 'What happened', cell: ({ what }: Moment) => clipped(what, LONGEST) },
    { title: 'Reference', cell: ({ reference }: Moment) => (reference === undefined ? '' : code(reference)) },
  ];
  const before = moments.length - shown.length;
  return section(
    'timeline',
    'Timeline',
    html`<p>By the clocks of those who wrote the times down; times of files can be set by whoever may write to them.</p>`,
    before > 0 && html`<p class="more">${counted(before, 'earlier moment')} left out.</p>`,
    table('Moments in their order', columns, shown, { none: 'No time is recorded.' }),
  );
}

function momentsOf({ judged, proof }: ReportSource): readonly Moment[] {
  const { metadata, analysis } = judged;
  const told = (text: string | undefined, what: string): Moment[] => {
    const time = new Date(text ?? Number.NaN);
    return Number.isNaN(time.getTime()) ? [] : [{ time, what }];
  };
  const files = analysis.tables.changes.flatMap(({ path, modified, change }): Moment[] => {
    const time = new Date((modified ?? Number.NaN) * 1000);
    if (Number.isNaN(time.getTime())) return [];
    return [{ time, what: `${path} was last written (${change})`, reference: referenceText({ kind: 'rootfs', path }) }];
  });
  return [
    ...told(metadata.created, 'the container was created'),
    ...files,
    ...told(proof?.capture.startedAt, 'the capture began'),
    ...(metadata.checkpointed === undefined
      ? []
      : [{ time: momentOf(judged), what: 'the container was checkpointed' }]),
    ...told(proof?.capture.finishedAt, 'the capture was finished'),
    ...(proof?.custody ?? []).flatMap(({ at, who, action }) => told(at, `${action} by ${who}`)),
  ];
}
