/** What every view is made of: headings, facts, badges, tables, and what stands where something is not there yet. */
import type { VNode } from 'preact';
import { type Child, h } from '../element.ts';
import type { Asked } from '../use-answer.ts';

/** A view with its heading. `lead` says in a line what is shown. */
export function page(title: string, lead: Child, ...content: readonly Child[]): VNode {
  return h(
    'section',
    { class: 'view', 'aria-labelledby': 'view-title' },
    h(
      'header',
      { class: 'view-head' },
      h('h1', { id: 'view-title', tabIndex: -1 }, title),
      lead && h('p', { class: 'lead' }, lead),
    ),
    ...content,
  );
}

/** A part of a view in a frame of its own. */
export function panel(
  title: Child,
  content: Child,
  { aside, wide, kind = '' }: { aside?: Child; wide?: boolean; kind?: string } = {},
): VNode {
  return h(
    'section',
    { class: `panel ${wide ? 'wide' : kind}` },
    h('div', { class: 'panel-head' }, h('h2', null, title), aside && h('div', { class: 'aside' }, aside)),
    h('div', { class: 'panel-body' }, content),
  );
}

/** Names and values. What is null is told as not recorded, and undefined left out. */
export function facts(rows: readonly (readonly [string, Child])[]): VNode {
  return h(
    'dl',
    { class: 'facts' },
    rows
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) =>
        h('div', { key: name }, h('dt', null, name), h('dd', null, value === null ? unknown('not recorded') : value)),
      ),
  );
}

/** What is not known, in words. */
export function unknown(text: string): VNode {
  return h('span', { class: 'unknown' }, text);
}

/** Text of the evidence, or a number of it, in letters of one width. */
export function code(text: Child): VNode {
  return h('code', null, text);
}

export function badge(severity: string, text: string = severity): VNode {
  return h('span', { class: `badge ${severity}` }, text);
}

export function link(address: string, text: Child, attributes: Record<string, unknown> = {}): VNode {
  return h('a', { href: address, ...attributes }, text);
}

export interface Column<Row> {
  readonly title: string;
  readonly figures?: boolean;
  /** Takes the room that is left. */
  readonly grows?: boolean;
  readonly cell: (row: Row) => Child;
}

/** Rows of a table that are drawn. */
const MOST = 2000;

/** A table, or a sentence where it would be empty. */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { none = 'None.', total = rows.length }: { none?: string; total?: number } = {},
): VNode {
  if (rows.length === 0) return h('p', { class: 'none' }, none);
  const shown = rows.slice(0, MOST);
  const classOf = ({ figures, grows }: Column<Row>) => (figures ? 'figures' : grows ? 'grows' : undefined);
  return h(
    'div',
    { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      null,
      h('caption', { class: 'visually-hidden' }, caption),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          columns.map((one) => h('th', { scope: 'col', class: classOf(one) }, one.title)),
        ),
      ),
      h(
        'tbody',
        null,
        shown.map((row, at) =>
          h(
            'tr',
            { key: at },
            columns.map((one) => h('td', { class: classOf(one) }, one.cell(row))),
          ),
        ),
      ),
    ),
    total > shown.length && h('p', { class: 'more' }, `… and ${total - shown.length} more`),
  );
}

/** What an answer gives once it is there. */
export function whenThere<Value>(answer: Asked<Value>, show: (value: Value) => Child, what = 'Reading…'): VNode {
  if (answer.state === 'waiting') return h('p', { class: 'waiting', role: 'status' }, what);
  if (answer.state === 'there') return h('div', { class: 'there' }, show(answer.value));
  return h(
    'div',
    { class: 'failed', role: 'alert' },
    h('p', null, answer.message),
    answer.hint && h('p', { class: 'hint' }, answer.hint),
  );
}
