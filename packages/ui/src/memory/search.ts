/** A search through memory, by a text, bytes, an expression or YARA rules: results stand there as they are found. */
import type { SearchLine } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { askLines, postLines } from '../ask.ts';
import { h, part } from '../element.ts';
import { tick } from '../parts/fields.ts';
import { panel } from '../parts/parts.ts';
import { refusal } from '../parts/question.ts';
import { failed, useDeskFacts } from '../use-answer.ts';
import { type Going, heard, NOTHING, results } from './matches.ts';
import { RulesField } from './rules-field.ts';

type As = 'text' | 'hex' | 'regex' | 'yara';

/** Milliseconds between two drawings of what has come. */
const DRAWN = 100;

export function Search({ one, pid }: { one: string; pid: number }): VNode {
  const [what, setWhat] = useState('');
  const [rules, setRules] = useState('');
  const [as, setAs] = useState<As>('text');
  const [ignoreCase, setIgnoreCase] = useState(true);
  const [everywhere, setEverywhere] = useState(true);
  const [going, setGoing] = useState<Going>();
  const desk = useDeskFacts();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const begin = (event: Event) => {
    event.preventDefault();
    stop.current?.abort();
    stop.current = new AbortController();
    const { signal } = stop.current;
    const where = everywhere ? 0 : pid;
    const lines =
      as === 'yara'
        ? postLines(one, 'yara', { rules, pid: where }, signal)
        : askLines(one, 'search', { what, as, ignoreCase: as !== 'hex' && ignoreCase, pid: where }, signal);
    void follow(lines, signal, setGoing);
  };
  const end = () => {
    stop.current?.abort();
    setGoing((before) => before && { ...before, state: 'stopped', message: 'stopped' });
  };
  const choose = (value: string) => {
    setAs(value as As);
    setGoing(undefined);
  };
  const hasYara = desk.state === 'there' && desk.value.hasYara;
  const isRules = as === 'yara';
  return panel('Search', [
    h(
      'form',
      { class: 'tools', role: 'search', onSubmit: begin },
      isRules
        ? part(RulesField, { rules, set: setRules, failure: going?.failure })
        : h(
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
          { value: as, onChange: valueTo(choose) },
          h('option', { value: 'text' }, 'text'),
          h('option', { value: 'hex' }, 'hexadecimal'),
          h('option', { value: 'regex' }, 'expression'),
          hasYara && h('option', { value: 'yara' }, 'YARA rules'),
        ),
      ),
      !isRules && tick('any case', ignoreCase, setIgnoreCase),
      tick('all processes', everywhere, setEverywhere),
      h('button', { type: 'submit', class: 'main' }, 'Search'),
      going?.state === 'going' && h('button', { type: 'button', onClick: end }, 'Stop'),
    ),
    !isRules && going?.failure && refusal(going.failure),
    going && results(one, going),
  ]);
}

/** Draws what has come ten times a second, however fast it comes. */
async function follow(
  lines: AsyncIterable<SearchLine>,
  signal: AbortSignal,
  show: (going: Going) => void,
): Promise<void> {
  let going = NOTHING;
  let matches: Extract<SearchLine, { kind: 'match' }>[] = [];
  let drawn = 0;
  show(going);
  try {
    for await (const line of lines) {
      if (line.kind === 'match') matches.push(line);
      else going = heard(going, line);
      if (line.kind === 'match' && performance.now() - drawn < DRAWN) continue;
      drawn = performance.now();
      matches = matches.slice();
      if (!signal.aborted) show({ ...going, matches });
    }
  } catch (error) {
    if (!signal.aborted) show({ ...going, matches, state: 'ended', failure: { ...failed(error), place: null } });
  }
}

function valueTo(set: (value: string) => void): (event: Event) => void {
  return (event) => set((event.target as HTMLInputElement | HTMLSelectElement).value);
}
