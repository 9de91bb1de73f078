/** What has a time, over time: a picture that can be looked at closer, and the events in it one by one. */
import type { EventFacts, TimelineAnswer } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Child, h, part } from '../element.ts';
import { page, panel, table, whenThere } from '../parts/parts.ts';
import { counted, numberText } from '../parts/texts.ts';
import { go, linkTo } from '../route.ts';
import { Chart } from '../timeline/chart.ts';
import { lengthText, momentText, partOf, type Span, spanOf } from '../timeline/span.ts';
import { type Asked, useAnswer } from '../use-answer.ts';
import { placeLink } from './findings.ts';
import type { ViewProps } from './index.ts';

const SOURCES = ['machine', 'container', 'capture', 'log', 'file', 'timer'] as const;
const MINUTE = 60_000_000_000n;

/** `rest`: begin and end of what is looked at, in nanoseconds since 1970. */
export function Timeline({ one, rest }: ViewProps): VNode {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const asked = spanIn(rest);
  const sources = SOURCES.filter((source) => !hidden.has(source)).join(',');
  const whole = useAnswer(one, 'timeline', asked ? undefined : { from: '', to: '', sources: '' });
  // Who comes without a wish sees the life of the container: times of files go back to when its image was made.
  const span = asked ?? (whole.state === 'there' ? firstSpan(whole.value) : undefined);
  const answer = useKept(
    useAnswer(one, 'timeline', span && { from: String(span.from), to: String(span.to), sources }),
    whole,
  );
  return page(
    'Timeline',
    'By the clocks of those who wrote the times down. Times of files can be set by whoever may write to them.',
    whenThere(
      answer,
      (value) => {
        if (value.whole === null || value.span === null)
          return h('p', { class: 'none' }, 'Nothing in this checkpoint has a time.');
        const shown = spanOf(value.span);
        const open = ({ from, to }: Span) => go(linkTo(one, 'timeline', String(from), String(to)));
        return [
          filters(value, hidden, (source) => setHidden((before) => before.symmetricDifference(new Set([source])))),
          panel(
            h('span', { role: 'status' }, spanText(shown)),
            part(Chart, {
              ...{ lanes: value.lanes, span: shown, hidden, onSpan: open },
              mark: value.checkpointed === null ? undefined : BigInt(value.checkpointed),
            }),
            { aside: jumps(value, shown, open) },
          ),
          events(one, value),
          notRecorded(value),
        ];
      },
      'Reading what has a time…',
    ),
  );
}

/** The picture stays while the next one is made: it must not jump. */
function useKept(answer: Asked<TimelineAnswer>, whole: Asked<TimelineAnswer>): Asked<TimelineAnswer> {
  const last = useRef<Asked<TimelineAnswer>>(answer);
  const isEmpty = whole.state === 'there' && whole.value.whole === null;
  const isFailed = whole.state === 'failed';
  useEffect(() => {
    if (answer.state !== 'waiting') last.current = answer;
  }, [answer]);
  if (isEmpty || isFailed) return whole;
  return answer.state === 'waiting' ? last.current : answer;
}

function spanIn([from = '', to = '']: readonly string[]): Span | undefined {
  if (!/^-?\d{1,22}$/.test(from) || !/^-?\d{1,22}$/.test(to)) return undefined;
  const span = { from: BigInt(from), to: BigInt(to) };
  return span.to > span.from ? span : undefined;
}

/** With some room on either side, so that the first and the last stand at no edge. */
function roomy(span: Span): Span {
  return partOf(span, -0.02, 1.02);
}

function firstSpan({ whole, created }: TimelineAnswer): Span | undefined {
  if (whole === null) return undefined;
  const all = spanOf(whole);
  return roomy(created === null || BigInt(created) >= all.to ? all : { from: BigInt(created), to: all.to });
}

function filters({ lanes }: TimelineAnswer, hidden: ReadonlySet<string>, toggle: (source: string) => void): VNode {
  return h(
    'div',
    { class: 'tools', role: 'group', 'aria-label': 'Sources' },
    lanes.map(({ source, total }) =>
      h(
        'button',
        {
          ...{ type: 'button', key: source, class: 'filter kind', onClick: () => toggle(source) },
          'aria-pressed': String(!hidden.has(source)),
        },
        `${source} ${numberText(total)}`,
      ),
    ),
  );
}

function jumps({ whole, created, checkpointed }: TimelineAnswer, shown: Span, open: (span: Span) => void): VNode {
  const all = whole && spanOf(whole);
  const dump = checkpointed === null ? undefined : BigInt(checkpointed);
  const places: readonly (readonly [string, string, Span | undefined | null])[] = [
    ['All', 'Everything that has a time', all && roomy(all)],
    ['Since it was created', '', all && created !== null ? roomy({ from: BigInt(created), to: all.to }) : undefined],
    [
      'Around the dump',
      'A minute before and after',
      dump === undefined ? undefined : { from: dump - MINUTE, to: dump + MINUTE },
    ],
    ['−', 'Wider', partOf(shown, -0.5, 1.5)],
    ['+', 'Closer', partOf(shown, 0.25, 0.75)],
    ['←', 'Earlier', partOf(shown, -0.25, 0.75)],
    ['→', 'Later', partOf(shown, 0.25, 1.25)],
  ];
  return h(
    'div',
    { class: 'jumps' },
    places.map(
      ([text, title, span]) =>
        span &&
        h(
          'button',
          {
            ...{ type: 'button', key: text, onClick: () => open(span), title: title || undefined },
            'aria-label': text.length === 1 ? title : undefined,
          },
          text,
        ),
    ),
  );
}

/** `2026-11-26 20:09:10 to 20:09:11 UTC`, and how long that is. */
function spanText(span: Span): string {
  const isShort = span.to - span.from < 100_000_000_000n;
  const [from, to] = [momentText(span.from), momentText(span.to)].map((text) => text.slice(0, isShort ? 23 : 19));
  const until = from?.slice(0, 10) === to?.slice(0, 10) ? to?.slice(11) : to;
  return `${from} to ${until} UTC (${lengthText(span)})`;
}

function events(one: string, { events: list, total, leftOut }: TimelineAnswer): VNode {
  const columns = [
    { title: 'Time (UTC)', cell: ({ text, precision }: EventFacts) => timeCell(text, precision) },
    { title: 'Source', cell: ({ source }: EventFacts) => h('span', { class: `source ${source}` }, source) },
    { title: 'What', cell: ({ what }: EventFacts) => what },
    { title: 'Message', grows: true, cell: ({ message }: EventFacts) => message },
    { title: 'Clock', cell: ({ clock }: EventFacts) => clock },
    {
      title: 'Evidence',
      cell: ({ place }: EventFacts) => place !== null && h('span', { class: 'event-place' }, placeLink(one, place)),
    },
  ];
  const isCut = total > list.length;
  return panel(
    counted(total, 'event'),
    [
      table('Events', columns, list, { none: 'None of these sources in this span.' }),
      isCut &&
        h('p', { class: 'more' }, `These are the first ${numberText(list.length)}: look closer to see the others.`),
      leftOut > 0 &&
        h(
          'p',
          { class: 'more' },
          `${counted(leftOut, 'event')} of the checkpoint found no room here; stillframe timeline has them.`,
        ),
    ],
    { aside: '~ counted from the begin of the dump' },
  );
}

function timeCell(text: string, precision: string): Child {
  const [day, clock] = text.replace('Z', '').split('T');
  return h('time', { dateTime: text }, `${day} ${clock}`, precision === 'derived' && ' ~');
}

function notRecorded({ notRecorded: list }: TimelineAnswer): Child {
  if (list.length === 0) return false;
  return panel(
    'Not recorded, and so not told',
    h(
      'ul',
      { class: 'plain' },
      list.map(({ what, reason }) => h('li', { key: what }, `${what}: ${reason}`)),
    ),
  );
}
