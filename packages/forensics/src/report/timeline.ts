/** What happened when, as far as the checkpoint and the evidence beside it tell. */
import { referenceText } from '../reference.ts';
import { isoTime, readTime } from '../timeline/time.ts';
import type { Timeline } from '../timeline/timeline.ts';
import { html, type Markup } from './html.ts';
import { clipped, code, counted, section, table } from './parts.ts';
import type { Moment, Moments, ReportSource } from './source.ts';

/** Moments that are told: the last ones. */
const MOST = 300;
const LONGEST = 300;

/** Goes through a timeline and keeps its end; what is told of one checkpoint. Throws what reading the events throws. */
export async function lastMoments({ events, notRecorded }: Timeline): Promise<Moments> {
  const kept: Moment[] = [];
  let left = 0;
  for await (const batch of events) {
    for (const { time, message, source, description, precision, reference } of batch) {
      const what = `${message} (${source}: ${description}${precision === 'derived' ? ', counted' : ''})`;
      kept.push({ time, what, reference: reference && referenceText(reference) });
      if (kept.length <= MOST) continue;
      kept.shift();
      left += 1;
    }
  }
  return { moments: kept, left, notRecorded: notRecorded.flat() };
}

export function timelineSection({ timeline, proof }: ReportSource): Markup {
  const custody = (proof?.custody ?? []).flatMap(({ at, who, action }): Moment[] => {
    const read = readTime(at);
    return read ? [{ time: read.time, what: `${action} by ${who} (chain of custody)` }] : [];
  });
  const all = [...timeline.moments, ...custody].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const shown = all.slice(-MOST);
  const before = timeline.left + all.length - shown.length;
  const columns = [
    { title: 'Time (UTC)', cell: ({ time }: Moment) => timeOf(time) },
    { title: 'What happened', cell: ({ what }: Moment) => clipped(what, LONGEST) },
    { title: 'Reference', cell: ({ reference }: Moment) => (reference === undefined ? '' : code(reference)) },
  ];
  return section(
    'timeline',
    'Timeline',
    html`<p>By the clocks of those who wrote the times down; times of files can be set by whoever may write to them. The container’s own log is left
to <code>stillframe timeline</code>.</p>`,
    before > 0 && html`<p class="more">${counted(before, 'earlier moment')} left out.</p>`,
    table('Moments in their order', columns, shown, { none: 'No time is recorded.' }),
    timeline.notRecorded.length > 0 &&
      html`<p class="more">Not recorded, and so not told: ${timeline.notRecorded
        .slice(0, 20)
        .map(({ what, reason }) => `${what} (${reason})`)
        .join('; ')}.</p>`,
  );
}

/** To the millisecond, where it is not to the second. */
function timeOf(time: bigint): string {
  const text = isoTime(time, 3);
  return text === undefined ? 'unknown' : `${text.replace(/\.000$/, '')}Z`;
}
