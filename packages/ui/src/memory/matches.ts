/** What a search has found so far, as rows that lead to their bytes. */
import { bytesText } from '@stillframe/core/units';
import type { SearchLine } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { h } from '../element.ts';
import { code, link } from '../parts/parts.ts';
import { counted } from '../parts/texts.ts';
import { linkTo } from '../route.ts';

type Match = Extract<SearchLine, { kind: 'match' }>;
type Failure = Pick<Extract<SearchLine, { kind: 'failed' }>, 'message' | 'hint' | 'place'>;

/** A search, while it goes on and when it has ended. */
export interface Going {
  readonly matches: readonly Match[];
  readonly done: number;
  readonly total: number;
  readonly state: 'going' | 'ended' | 'stopped';
  readonly message: string;
  readonly failure: Failure | undefined;
}

export const NOTHING: Going = { matches: [], done: 0, total: 0, state: 'going', message: '', failure: undefined };

/** What of a search a line changes, but for matches. */
export function heard(going: Going, line: Exclude<SearchLine, Match>): Going {
  if (line.kind === 'progress') return { ...going, done: line.done, total: line.total };
  if (line.kind === 'failed') return { ...going, state: 'ended', message: '', failure: line };
  return { ...going, state: 'ended', message: endText(line) };
}

function endText({ matches, truncated, faults, note }: Extract<SearchLine, { kind: 'end' }>): string {
  const found = counted(matches, 'match', 'matches');
  const told = truncated ? `the first ${found}; there are more` : found;
  const unread = faults === 0 ? '' : '; what could not be read (see the overview) was not searched';
  return `${told}${unread}${note === null ? '' : `; ${note}`}`;
}

export function results(one: string, { matches, done, total, state, message, failure }: Going): VNode {
  // What was asked is told to be wrong where it was asked.
  if (failure) return h('div', { class: 'results' });
  const told =
    state === 'going'
      ? `${counted(matches.length, 'match', 'matches')} so far${total > 0 ? `, ${bytesText(done)} of ${bytesText(total)} searched` : ''}`
      : message;
  return h(
    'div',
    { class: 'results' },
    h('p', { class: 'count', role: 'status' }, told),
    state === 'going' && h('progress', { max: total || 1, value: done, 'aria-label': 'Searched' }),
    h(
      'div',
      { class: 'matches', tabIndex: 0, role: 'region', 'aria-label': 'Matches' },
      h(
        'ol',
        null,
        matches.map((match, at) => h('li', { key: at }, matchLine(one, match))),
      ),
    ),
  );
}

function matchLine(one: string, match: Match): VNode[] {
  const { pid, name, at, bytes, backing, protection, by, context, contextOffset } = match;
  const [before, found, after] = [
    context.slice(0, contextOffset),
    context.slice(contextOffset, contextOffset + bytes),
    context.slice(contextOffset + bytes),
  ].map(printable);
  const where = code(at);
  return [
    h(
      'span',
      { class: 'match-where' },
      pid === null
        ? where
        : link(bytes === 0 ? linkTo(one, 'memory', pid, at) : linkTo(one, 'memory', pid, at, bytes), where),
      by === null ? false : h('span', { class: 'match-by' }, by),
      ` ${name ?? '?'} (${pid ?? '–'}), ${protection} ${backing}`,
    ),
    h('span', { class: 'match-text' }, before ?? '', h('mark', null, found ?? ''), after ?? ''),
  ];
}

/** One character a byte. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '·');
}
