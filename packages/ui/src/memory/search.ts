/** A search through memory: results stand there as they are found. */

import { bytesText } from '@stillframe/core/units';
import type { SearchLine } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { askLines } from '../ask.ts';
import { h } from '../element.ts';
import { tick } from '../parts/fields.ts';
import { code, link, panel } from '../parts/parts.ts';
import { counted } from '../parts/texts.ts';
import { linkTo } from '../route.ts';
import { failed } from '../use-answer.ts';

type Match = Extract<SearchLine, { kind: 'match' }>;
type As = 'text' | 'hex' | 'regex';

interface Going {
  readonly matches: readonly Match[];
  readonly done: number;
  readonly total: number;
  readonly state: 'going' | 'ended' | 'stopped';
  readonly message: string;
}

const NOTHING: Going = { matches: [], done: 0, total: 0, state: 'going', message: '' };
/** Milliseconds between two drawings of what has come. */
const DRAWN = 100;

export function Search({ one, pid }: { one: string; pid: number }): VNode {
  const [what, setWhat] = useState('');
  const [as, setAs] = useState<As>('text');
  const [ignoreCase, setIgnoreCase] = useState(true);
  const [everywhere, setEverywhere] = useState(true);
  const [going, setGoing] = useState<Going>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const begin = (event: Event) => {
    event.preventDefault();
    stop.current?.abort();
    stop.current = new AbortController();
    const asked = { what, as, ignoreCase: as !== 'hex' && ignoreCase, pid: everywhere ? 0 : pid };
    void follow(one, asked, stop.current.signal, setGoing);
  };
  const end = () => {
    stop.current?.abort();
    setGoing((before) => before && { ...before, state: 'stopped', message: 'stopped' });
  };
  return panel('Search', [
    h(
      'form',
      { class: 'tools', role: 'search', onSubmit: begin },
      h(
        'label',
        { class: 'field grow' },
        h('span', null, 'Find in memory'),
        h('input', { type: 'search', value: what, required: true, maxLength: 4000, onInput: valueTo(setWhat) }),
      ),
      h(
        'label',
        { class: 'field' },
        h('span', null, 'as'),
        h(
          'select',
          { value: as, onChange: valueTo((value) => setAs(value as As)) },
          h('option', { value: 'text' }, 'text'),
          h('option', { value: 'hex' }, 'hexadecimal'),
          h('option', { value: 'regex' }, 'expression'),
        ),
      ),
      tick('any case', ignoreCase, setIgnoreCase),
      tick('all processes', everywhere, setEverywhere),
      h('button', { type: 'submit', class: 'main' }, 'Search'),
      going?.state === 'going' && h('button', { type: 'button', onClick: end }, 'Stop'),
    ),
    going && results(one, going),
  ]);
}

type Asked = Parameters<typeof askLines<'search'>>[2];

/** Draws what has come ten times a second, however fast it comes. */
async function follow(one: string, asked: Asked, signal: AbortSignal, show: (going: Going) => void): Promise<void> {
  let going = NOTHING;
  let matches: Match[] = [];
  let drawn = 0;
  show(going);
  try {
    for await (const line of askLines(one, 'search', asked, signal)) {
      if (line.kind === 'match') matches.push(line);
      else if (line.kind === 'progress') going = { ...going, done: line.done, total: line.total };
      else if (line.kind === 'failed') going = { ...going, state: 'ended', message: line.message };
      else going = { ...going, state: 'ended', message: endText(line) };
      if (line.kind === 'match' && performance.now() - drawn < DRAWN) continue;
      drawn = performance.now();
      matches = matches.slice();
      if (!signal.aborted) show({ ...going, matches });
    }
  } catch (error) {
    if (!signal.aborted) show({ ...going, matches, state: 'ended', message: failed(error).message });
  }
}

function endText({ matches, truncated, faults }: Extract<SearchLine, { kind: 'end' }>): string {
  const found = counted(matches, 'match', 'matches');
  const told = truncated ? `the first ${found}; there are more` : found;
  return faults === 0 ? told : `${told}; what could not be read (see the overview) was not searched`;
}

function results(one: string, { matches, done, total, state, message }: Going): VNode {
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

function matchLine(one: string, { pid, name, at, bytes, backing, protection, context, contextOffset }: Match): VNode[] {
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
      pid === null ? where : link(linkTo(one, 'memory', pid, at, bytes), where),
      ` ${name ?? '?'} (${pid ?? '–'}), ${protection} ${backing}`,
    ),
    h('span', { class: 'match-text' }, before ?? '', h('mark', null, found ?? ''), after ?? ''),
  ];
}

/** One character a byte. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '·');
}

function valueTo(set: (value: string) => void): (event: Event) => void {
  return (event) => set((event.target as HTMLInputElement | HTMLSelectElement).value);
}
