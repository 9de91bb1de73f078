/** Two checkpoints side by side: what came, went and changed, table by table, each side with its evidence. */
import type {
  CaseName,
  ChangeName,
  DiffAnswer,
  DiffRowFacts,
  DiffSide,
  DiffTableFacts,
  Place,
} from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { type DiffWords, wordsFor } from '../diff/words.ts';
import { type Child, h, part } from '../element.ts';
import { badge, code, link, page, panel, whenThere } from '../parts/parts.ts';
import { counted, momentText, numberText } from '../parts/texts.ts';
import { go, linkTo } from '../route.ts';
import { useAnswer, useDeskFacts } from '../use-answer.ts';
import { placeLink } from './findings.ts';
import type { ViewProps } from './index.ts';

const TITLES: Readonly<Record<string, string>> = {
  ...{ container: 'Container', processes: 'Processes', files: 'Open files', sockets: 'Sockets', mappings: 'Mappings' },
  ...{ pages: 'Pages of memory', mounts: 'Mounts', rootfs: 'Root filesystem', environment: 'Environment' },
  findings: 'Findings',
};
/** Facts that say themselves what they are. */
const UNNAMED = new Set(['arguments', 'value', 'change', 'type', 'sha256', 'severity', 'rule', 'holders', 'flags']);
/** What was judged stands first; the others in the order of the comparison. */
const FIRST_TABLE = 'findings';

/** Rows of a table that are drawn at first. */
const FIRST = 12;

/** `rest`: id of the other checkpoint. */
export function Diff({ one, rest }: ViewProps): VNode {
  const desk = useDeskFacts();
  return page(
    'Compare',
    'What differs between two checkpoints: at the left what the one holds, at the right what the other does.',
    whenThere(desk, ({ cases }) => {
      const others = cases.filter(({ id }) => id !== one);
      const other =
        others.find(({ id }) => id === rest[0]) ?? others.find(({ id }) => Number(id) > Number(one)) ?? others[0];
      if (other) return part(Compared, { one, other: other.id, others, key: other.id });
      return [
        h('p', null, 'There is one checkpoint on this desk. Open it with another one to see what differs:'),
        h('p', { class: 'command' }, code('stillframe ui before.tar after.tar')),
      ];
    }),
  );
}

interface ComparedProps {
  readonly one: string;
  readonly other: string;
  readonly others: readonly CaseName[];
}

function Compared({ one, other, others }: ComparedProps): VNode {
  const [sibling, setSibling] = useState<'auto' | 'true' | 'false'>('auto');
  const [memory, setMemory] = useState(false);
  const answer = useAnswer(one, 'diff', { other, sibling, memory });
  const known = answer.state === 'there' ? answer.value : undefined;
  const isSibling = known?.sibling ?? sibling === 'true';
  const tick = (text: string, checked: boolean, onChange: (is: boolean) => void) =>
    h(
      'label',
      { class: 'tick' },
      h('input', {
        ...{ type: 'checkbox', checked },
        onChange: (event: Event) => onChange((event.target as HTMLInputElement).checked),
      }),
      text,
    );
  return h(
    'div',
    null,
    h(
      'div',
      { class: 'tools' },
      h(
        'label',
        { class: 'field' },
        h('span', null, 'Compare with'),
        h(
          'select',
          {
            value: other,
            onChange: (event: Event) => go(linkTo(one, 'diff', (event.target as HTMLSelectElement).value)),
          },
          others.map(({ id, name }) => h('option', { key: id, value: id }, name)),
        ),
      ),
      link(linkTo(other, 'diff', one), 'Swap', { class: 'button plain' }),
      tick('Two containers of one image', isSibling, (is) => setSibling(String(is) as 'true' | 'false')),
      tick('Pages of memory, too', memory, setMemory),
    ),
    whenThere(answer, (value) => part(Result, { value }), memory ? 'Comparing page by page…' : 'Comparing…'),
  );
}

function Result({ value }: { value: DiffAnswer }): VNode {
  const { before, after, tables, isReversed, sibling, sameFindings, notCompared } = value;
  const [hidden, setHidden] = useState<ReadonlySet<ChangeName>>(new Set());
  const words = wordsFor(sibling);
  const shown = tables
    .map((table) => ({ ...table, rows: table.rows.filter(({ change }) => !hidden.has(change)) }))
    .filter(({ rows }) => rows.length > 0)
    .sort((a, b) => Number(b.table === FIRST_TABLE) - Number(a.table === FIRST_TABLE));
  return h(
    'div',
    null,
    h('div', { class: 'sides' }, sideCard(words.sides[0], before), sideCard(words.sides[1], after)),
    isReversed &&
      !sibling &&
      h('p', { class: 'note-line' }, 'The right one was captured first: what is told as new was gone later.'),
    sibling &&
      h(
        'p',
        { class: 'note-line' },
        'Processes are paired by what they execute and how they were called; numbers are not compared.',
      ),
    tables.length === 0
      ? h('p', { class: 'none' }, 'Nothing differs.')
      : h(
          'div',
          { class: 'tools', role: 'group', 'aria-label': 'Changes' },
          words.changes.map(([change, word, sign]) =>
            h(
              'button',
              {
                ...{ type: 'button', key: change, class: `filter kind ${change}` },
                'aria-pressed': String(!hidden.has(change)),
                onClick: () => setHidden((old) => old.symmetricDifference(new Set([change]))),
              },
              `${sign} ${numberText(tables.reduce((sum, { counts }) => sum + counts[change], 0))} ${word}`,
            ),
          ),
        ),
    shown.map((table) => part(Table, { table, before, after, words, key: table.table })),
    h('p', { class: 'count' }, `${counted(sameFindings, 'finding')} ${sameFindings === 1 ? 'is' : 'are'} in both.`),
    notCompared.length > 0 &&
      panel(
        'Not compared',
        h(
          'ul',
          { class: 'plain' },
          notCompared.map(({ table, key, reason }, at) =>
            h('li', { key: at }, `${TITLES[table] ?? table}${key === '*' ? '' : ` of ${key}`}: ${reason}`),
          ),
        ),
      ),
  );
}

function sideCard(word: string, { id, name, container, checkpointed }: DiffSide): VNode {
  return h(
    'div',
    { class: 'side-card' },
    h('span', { class: 'which' }, word),
    link(linkTo(id, 'overview'), name),
    h('span', { class: 'who' }, [container, checkpointed && momentText(checkpointed)].filter(Boolean).join(', ')),
  );
}

interface TableProps {
  readonly table: DiffTableFacts;
  readonly before: DiffSide;
  readonly after: DiffSide;
  readonly words: DiffWords;
}

function Table({ table: { table, counts, rows, total, withProcess }, before, after, words }: TableProps): VNode {
  const [isWhole, setWhole] = useState(rows.length <= FIRST + 3);
  const title = TITLES[table] ?? table;
  const drawn = isWhole ? rows : rows.slice(0, FIRST);
  const summary = words.changes
    .filter(([change]) => counts[change] > 0)
    .map(([change, word]) =>
      h('span', { key: change, class: `sum ${change}` }, `${numberText(counts[change])} ${word}`),
    );
  return panel(
    title,
    [
      h(
        'div',
        { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': title },
        h(
          'table',
          { class: 'diff' },
          h('caption', { class: 'visually-hidden' }, title),
          h(
            'thead',
            null,
            h(
              'tr',
              null,
              h('th', { scope: 'col' }, 'What'),
              words.sides.map((side) => h('th', { scope: 'col', key: side }, side)),
            ),
          ),
          h(
            'tbody',
            null,
            drawn.map((row, at) => rowOf(row, at, { before: before.id, after: after.id, words })),
          ),
        ),
      ),
      drawn.length < rows.length &&
        h('button', { type: 'button', onClick: () => setWhole(true) }, `Show all ${numberText(rows.length)}`),
      isWhole && total > rows.length && rows.length > 0 && h('p', { class: 'more' }, moreText(total - rows.length)),
      withProcess > 0 && h('p', { class: 'more' }, `${numberText(withProcess)} ${words.withProcess}`),
    ],
    { aside: h('span', { class: 'sums' }, summary) },
  );
}

function moreText(count: number): string {
  return `${numberText(count)} more are not shown here.`;
}

interface Sides {
  readonly before: string;
  readonly after: string;
  readonly words: DiffWords;
}

function rowOf(row: DiffRowFacts, at: number, { before, after, words }: Sides): VNode {
  const { label, change, key } = row;
  const sign = words.changes.find(([name]) => name === change);
  const where = key === label || /^[\d+ ]+$/.test(key) ? undefined : key;
  return h(
    'tr',
    { key: at, class: change },
    h(
      'th',
      { scope: 'row', title: where },
      h('span', { class: 'sign', 'aria-hidden': 'true' }, sign?.[2]),
      h('span', { class: 'visually-hidden' }, `${sign?.[1]}: `),
      label,
    ),
    cell(row, 'before', before),
    cell(row, 'after', after),
  );
}

function cell(row: DiffRowFacts, side: 'before' | 'after', one: string): VNode {
  const { change, facts } = row;
  const isMissing = change === (side === 'before' ? 'added' : 'removed');
  if (isMissing) return h('td', { class: 'missing' }, h('span', { class: 'visually-hidden' }, 'not there'));
  return h(
    'td',
    { class: 'there-side' },
    change === 'changed'
      ? facts.map((fact) =>
          h(
            'div',
            { key: fact.name, class: 'fact' },
            h('span', { class: 'name' }, wordsOf(fact.name)),
            shownValue(fact[side]),
          ),
        )
      : facts.map((fact) =>
          h(
            'span',
            { key: fact.name, class: 'told' },
            !UNNAMED.has(fact.name) && h('span', { class: 'name' }, `${wordsOf(fact.name)} `),
            fact.name === 'severity' ? badge(fact[side] ?? '') : shownValue(fact[side]),
            ' ',
          ),
        ),
    evidence(one, row[side]),
  );
}

/** A digest in short; the whole is in its title. */
function shownValue(value: string | null): VNode {
  if (value === null) return code('–');
  const digest = /^sha256:[0-9a-f]{64}$/.test(value);
  return h('code', { title: digest ? value : undefined }, digest ? `${value.slice(0, 19)}…` : value);
}

function evidence(one: string, place: Place | null): Child {
  return place !== null && h('span', { class: 'told' }, placeLink(one, place));
}

/** `working folder` of `workingFolder`. */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
