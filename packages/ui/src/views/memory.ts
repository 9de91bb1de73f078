/** The memory of a process: its map as a picture, bytes at any address, texts beside them, and a search through all of it. */
import type { MapFacts, ProcessList } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { h, part } from '../element.ts';
import type { Marked } from '../memory/hex-rows.ts';
import { HexView } from '../memory/hex-view.ts';
import { MapPicture } from '../memory/map-picture.ts';
import { Search } from '../memory/search.ts';
import { code, link, page, panel, whenThere } from '../parts/parts.ts';
import { counted } from '../parts/texts.ts';
import { go, linkTo } from '../route.ts';
import { useAnswer } from '../use-answer.ts';
import type { ViewProps } from './index.ts';

/** Bytes whose texts are told beside them. */
const BESIDE = 4096;

export function Memory({ one, rest }: ViewProps): VNode {
  const processes = useAnswer(one, 'processes', {});
  return page(
    'Memory',
    'Bytes as they were at the moment of the checkpoint. Dots stand for what was not captured.',
    whenThere(processes, ({ processes: list }) => {
      const pid = Number.parseInt(rest[0] ?? '', 10) || (list[0]?.pid ?? 0);
      return [
        h('div', { class: 'tools' }, choice(one, list, pid), part(Jump, { one, pid })),
        part(Space, { one, pid, rest: rest.slice(1), key: pid }),
        part(Search, { one, pid }),
      ];
    }),
  );
}

function choice(one: string, list: ProcessList['processes'], pid: number): VNode {
  const changed = (event: Event) => go(linkTo(one, 'memory', (event.target as HTMLSelectElement).value));
  return h(
    'label',
    { class: 'field' },
    h('span', null, 'Process'),
    h(
      'select',
      { value: pid, onChange: changed },
      list.map(({ pid: each, name }) => h('option', { key: each, value: each }, `${each} ${name ?? '?'}`)),
    ),
  );
}

function Jump({ one, pid }: { one: string; pid: number }): VNode {
  const [text, setText] = useState('');
  const address = addressOf(text);
  const jump = (event: Event) => {
    event.preventDefault();
    if (address !== undefined) go(linkTo(one, 'memory', pid, `0x${address.toString(16)}`));
  };
  return h(
    'form',
    { class: 'field-row', onSubmit: jump },
    h(
      'label',
      { class: 'field' },
      h('span', null, 'Address'),
      h('input', {
        ...{
          type: 'text',
          class: 'address',
          value: text,
          placeholder: '0x7f…',
          spellcheck: false,
          autocomplete: 'off',
        },
        'aria-invalid': text !== '' && address === undefined ? 'true' : undefined,
        onInput: (event: Event) => setText((event.target as HTMLInputElement).value),
      }),
    ),
    h('button', { type: 'submit' }, 'Go'),
  );
}

function Space({ one, pid, rest }: { one: string; pid: number; rest: readonly string[] }): VNode {
  const maps = useAnswer(one, 'maps', { pid });
  return h(
    'div',
    null,
    whenThere(
      maps,
      ({ maps: list, total }) => part(Opened, { one, pid, rest, maps: list, total }),
      'Reading the mappings…',
    ),
  );
}

interface OpenedProps {
  readonly one: string;
  readonly pid: number;
  readonly rest: readonly string[];
  readonly maps: readonly MapFacts[];
  readonly total: number;
}

function Opened({ one, pid, rest, maps, total }: OpenedProps): VNode {
  const asked = addressOf(rest[0] ?? '');
  const address = useMemo(() => asked ?? firstHeld(maps), [rest[0], maps]);
  const length = /^\d{1,9}$/.test(rest[1] ?? '') ? BigInt(rest[1] ?? 0) : 0n;
  const marked: Marked | undefined =
    asked !== undefined && length > 0n ? { from: asked, to: asked + length } : undefined;
  const [top, setTop] = useState(address);
  const open = (at: bigint) => go(linkTo(one, 'memory', pid, `0x${at.toString(16)}`));
  return h(
    'div',
    { class: 'memory' },
    panel(counted(total, 'mapping'), part(MapPicture, { maps, top, onOpen: open })),
    panel('Bytes', part(HexView, { one, pid, maps, address, marked, onRest: setTop }), { kind: 'bytes' }),
    panel('Texts here', part(Texts, { one, pid, top })),
  );
}

function Texts({ one, pid, top }: { one: string; pid: number; top: bigint }): VNode {
  const answer = useAnswer(one, 'strings', { pid, at: `0x${top.toString(16)}`, bytes: BESIDE });
  return whenThere(answer, ({ texts, more }) =>
    texts.length === 0
      ? h('p', { class: 'none' }, 'No texts in the next 4 KiB.')
      : h(
          'div',
          { class: 'texts', tabIndex: 0, role: 'region', 'aria-label': 'Texts' },
          h(
            'ol',
            null,
            texts.map(({ at, text, bytes, encoding }) =>
              h(
                'li',
                { key: at + encoding },
                link(linkTo(one, 'memory', pid, at, bytes), code(at)),
                encoding === 'ascii' ? false : h('span', { class: 'encoding' }, 'UTF-16'),
                h('span', { class: 'text' }, text),
              ),
            ),
            more && h('li', { class: 'more' }, '… and more'),
          ),
        ),
  );
}

/** The first mapping of which something was captured: others begin with what is not there. */
function firstHeld(maps: readonly MapFacts[]): bigint {
  const held =
    maps.find(({ backing, captured }) => backing === 'heap' && captured > 0) ??
    maps.find(({ captured }) => captured > 0);
  return BigInt(held?.start ?? maps[0]?.start ?? 0);
}

/** Undefined for what is no address. */
function addressOf(text: string): bigint | undefined {
  const [, digits] = /^\s*(?:0x)?([0-9a-f]{1,16})\s*$/i.exec(text) ?? [];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}
