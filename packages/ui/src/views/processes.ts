/** The process tree as it stood, with how each process was called. */
import type { ProcessList } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { h } from '../element.ts';
import { badge, code, link, page, table, unknown, whenThere } from '../parts/parts.ts';
import { counted } from '../parts/texts.ts';
import { linkTo } from '../route.ts';
import { useAnswer } from '../use-answer.ts';
import type { ViewProps } from './index.ts';

type Row = ProcessList['processes'][number];

/** Levels that are drawn; what lies deeper stands at the last. */
const DEEPEST = 16;

export function Processes({ one }: ViewProps): VNode {
  const answer = useAnswer(one, 'processes', {});
  const worst = useWorst(one);
  const [sought, setSought] = useState('');
  return page(
    'Processes',
    'Children stand below their parents. What looks like a secret in arguments is left out.',
    h(
      'div',
      { class: 'tools' },
      h(
        'label',
        { class: 'field' },
        h('span', null, 'Filter'),
        h('input', {
          type: 'search',
          value: sought,
          placeholder: 'name, argument or PID',
          onInput: (event: Event) => setSought((event.target as HTMLInputElement).value),
        }),
      ),
    ),
    whenThere(answer, ({ processes, total }) => {
      const shown = processes.filter((row) => matches(row, sought));
      return [
        h(
          'p',
          { class: 'count', role: 'status' },
          sought === ''
            ? counted(total, 'process', 'processes')
            : `${shown.length} of ${counted(total, 'process', 'processes')}`,
        ),
        table('Process tree', columnsOf(one, worst, sought !== ''), shown, {
          none: sought === '' ? 'No process can be read in this checkpoint.' : 'No process matches.',
          total: sought === '' ? total : shown.length,
        }),
      ];
    }),
  );
}

/** The worst severity by pid, once rules have judged. */
function useWorst(one: string): ReadonlyMap<number, string> {
  const found = useAnswer(one, 'findings', { memory: false });
  const worst = new Map<number, string>();
  if (found.state !== 'there') return worst;
  for (const { severity, places } of found.value.findings)
    for (const { pid } of places) if (pid !== undefined && !worst.has(pid)) worst.set(pid, severity);
  return worst;
}

function columnsOf(one: string, worst: ReadonlyMap<number, string>, isFlat: boolean) {
  return [
    {
      title: 'Process',
      cell: ({ pid, name, depth }: Row) =>
        h(
          'span',
          { class: `branch depth-${isFlat ? 0 : Math.min(depth, DEEPEST)}` },
          link(linkTo(one, 'process', pid), name ?? '?'),
        ),
    },
    { title: 'PID', figures: true, cell: ({ pid }: Row) => String(pid) },
    { title: 'State', cell: ({ state }: Row) => (state === 'alive' ? 'alive' : badge('low', state)) },
    { title: 'User', figures: true, cell: ({ user }: Row) => (user === null ? unknown('–') : String(user)) },
    { title: 'Threads', figures: true, cell: ({ threads }: Row) => String(threads) },
    {
      title: 'Finding',
      cell: ({ pid }: Row) => {
        const severity = worst.get(pid);
        return severity === undefined ? '' : badge(severity);
      },
    },
    {
      title: 'Called as',
      grows: true,
      cell: ({ arguments: called }: Row) => (called === null ? unknown('not captured') : code(called.join(' '))),
    },
  ];
}

function matches({ pid, name, arguments: called }: Row, sought: string): boolean {
  const wanted = sought.trim().toLowerCase();
  if (wanted === '') return true;
  return [String(pid), name ?? '', ...(called ?? [])].some((text) => text.toLowerCase().includes(wanted));
}
