/** The tree of changes of the root filesystem, folded and unfolded by mouse and arrow keys. */
import { bytesText } from '@stillframe/core/units';
import type { ChangeFacts } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { h, part } from '../element.ts';
import { WindowedList } from '../parts/windowed-list.ts';
import { rowsOf, type TreeRow, treeOf } from './tree-rows.ts';

/** Levels that are drawn. */
const DEEPEST = 16;

export interface ChangeTreeProps {
  readonly changes: readonly ChangeFacts[];
  readonly chosen: string | undefined;
  readonly onChoose: (change: ChangeFacts) => void;
}

export function ChangeTree({ changes, chosen, onChoose }: ChangeTreeProps): VNode {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [sought, setSought] = useState('');
  const root = useMemo(() => treeOf(changes), [changes]);
  const rows = useMemo(() => rowsOf(root, closed, sought), [root, closed, sought]);
  const fold = (path: string, isClosed: boolean) =>
    setClosed((before) => (isClosed ? before.union(new Set([path])) : before.difference(new Set([path]))));
  return h(
    'div',
    { class: 'change-tree' },
    h(
      'label',
      { class: 'field' },
      h('span', null, 'Filter paths'),
      h('input', {
        ...{ type: 'search', value: sought, placeholder: 'part of a path' },
        onInput: (event: Event) => setSought((event.target as HTMLInputElement).value),
      }),
    ),
    part(WindowedList<TreeRow>, {
      rows,
      height: 28,
      label: 'Changed paths',
      current: rows.findIndex(({ path }) => path === chosen),
      show: (row) => treeRow(row, { isClosed: closed.has(row.path), isChosen: row.path === chosen, fold, onChoose }),
    }),
  );
}

interface Handling {
  readonly isClosed: boolean;
  readonly isChosen: boolean;
  readonly fold: (path: string, isClosed: boolean) => void;
  readonly onChoose: (change: ChangeFacts) => void;
}

function treeRow(row: TreeRow, { isClosed, isChosen, fold, onChoose }: Handling): VNode {
  const { path, name, depth, change, isFolder, below } = row;
  const act = () => {
    if (change && (!isFolder || isChosen === false)) onChoose(change);
    if (isFolder) fold(path, !isClosed);
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => isFolder && fold(path, true),
    ArrowRight: () => isFolder && fold(path, false),
    ArrowDown: () => undefined,
    ArrowUp: () => undefined,
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const known = keys[event.key];
    if (!known) return;
    event.preventDefault();
    known();
    moveFocus(event);
  };
  return h(
    'button',
    {
      ...{ type: 'button', class: 'tree-row', onClick: act, onKeyDown, title: path },
      'aria-expanded': isFolder ? String(!isClosed) : undefined,
      'aria-current': isChosen ? 'true' : undefined,
    },
    h(
      'span',
      { class: `depth-${Math.min(depth, DEEPEST)} tree-name` },
      h('span', { class: isFolder ? 'twist' : 'twist none', 'aria-hidden': 'true' }),
      h('span', { class: isFolder ? 'folder' : 'file' }, name),
      isFolder && isClosed && h('span', { class: 'below' }, ` ${below}`),
    ),
    h('span', { class: 'tree-flags' }, change?.flags.join(', ') ?? ''),
    h('span', { class: `change ${change?.change ?? ''}` }, change?.change ?? ''),
    h('span', { class: 'size' }, change?.type === 'file' && change.size !== null ? bytesText(change.size) : ''),
  );
}

/** To the row above or below, by arrow keys. */
function moveFocus({ key, target }: KeyboardEvent): void {
  const item = (target as HTMLElement).closest('li');
  const next = key === 'ArrowDown' ? item?.nextElementSibling : key === 'ArrowUp' ? item?.previousElementSibling : null;
  next?.querySelector('button')?.focus();
}
