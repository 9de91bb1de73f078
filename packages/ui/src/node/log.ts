/** What a container writes, as it writes it. */
import type { LogAnswer } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { h } from '../element.ts';
import { link, panel, whenThere } from '../parts/parts.ts';
import { linkTo } from '../route.ts';
import { useDesk } from '../use-answer.ts';

/** Milliseconds between two looks at it; where it ended or cannot be read. */
const SOON = 1000;
const LATER = 4000;

export interface LogProps {
  readonly one: string;
  /** Of the container, which is there. */
  readonly id: string;
  /** Its address. */
  readonly name: string;
}

export function Log({ one, id, name }: LogProps): VNode {
  const [answer] = useDesk('log', { container: id }, (log) => (log?.state === 'running' ? SOON : LATER));
  const where = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    // Who has gone back to read stays there.
    if (where.current && isAtEnd.current) where.current.scrollTop = where.current.scrollHeight;
  }, [answer]);
  const onScroll = () => {
    const box = where.current;
    if (box) isAtEnd.current = box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
  };
  return panel(
    `Log of ${name}`,
    whenThere(answer, ({ lines, isCut, state }: LogAnswer) => [
      isCut && h('p', { class: 'more' }, 'Earlier lines are left out.'),
      h(
        'div',
        { class: 'log', ref: where, onScroll, tabIndex: 0, role: 'log', 'aria-label': `Lines of ${name}` },
        lines.map((line, at) => h('div', { key: at }, line)),
      ),
      lines.length === 0 && h('p', { class: 'none' }, 'It has written nothing.'),
      state !== 'running' && h('p', { class: 'hint' }, `The container is ${state}.`),
    ]),
    { aside: link(linkTo(one, 'node'), 'Close') },
  );
}
