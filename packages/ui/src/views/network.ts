/** Sockets as a graph of processes, doors and peers, and as a list; what waits in them can be read. */
import { bytesText } from '@stillframe/core/units';
import type { QueueFacts, SocketFacts, SocketList } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { type Child, h, part } from '../element.ts';
import { Preview } from '../files/preview.ts';
import { type Graph, graphOf } from '../network/graph.ts';
import { NetworkPicture } from '../network/picture.ts';
import { badge, code, link, page, panel, table, unknown, whenThere } from '../parts/parts.ts';
import { counted, numberText } from '../parts/texts.ts';
import { linkTo } from '../route.ts';
import { useAnswer } from '../use-answer.ts';
import type { ViewProps } from './index.ts';

const GROUPS = [
  ['internet', 'Internet'],
  ['unix', 'Unix'],
  ['other', 'Other'],
] as const;
type Group = SocketFacts['group'];

/** Fds that are named of one socket. */
const NAMED = 3;

/** `rest`: key of the chosen box, a socket as findings name it, or `-`; what of the queues is to be read. */
export function Network({ one, rest }: ViewProps): VNode {
  const answer = useAnswer(one, 'sockets', {});
  return page(
    'Network',
    'Who speaks to whom, and what was on its way at the moment of the checkpoint.',
    whenThere(
      answer,
      (list) =>
        list.total === 0
          ? h('p', { class: 'none' }, 'No process had a socket.')
          : part(Sockets, { one, list, chosen: rest[0] === '-' ? undefined : rest[0], thing: rest[1] }),
      'Reading the sockets…',
    ),
  );
}

interface SocketsProps {
  readonly one: string;
  readonly list: SocketList;
  readonly chosen: string | undefined;
  readonly thing: string | undefined;
}

function Sockets({ one, list, chosen, thing }: SocketsProps): VNode {
  const { sockets, total } = list;
  const groups = GROUPS.filter(([group]) => sockets.some((socket) => socket.group === group));
  // Unix sockets are many and mostly of no interest where there is an Internet.
  const [shown, setShown] = useState<ReadonlySet<Group>>(() => new Set(groups.slice(0, 1).map(([group]) => group)));
  const wanted = useMemo(() => sockets.filter(({ group }) => shown.has(group)), [sockets, shown]);
  const graph = useMemo(() => graphOf(wanted, list), [wanted, list]);
  const box = graph.boxes.find(({ key }) => key === chosen);
  // What a finding points at is shown whatever its kind.
  const alone = sockets.filter(({ fileId }) => chosen === `socket/${fileId}`);
  const rows = alone.length > 0 ? alone : box ? wanted.filter(({ fileId }) => box.sockets.includes(fileId)) : wanted;
  const isPart = rows === alone || box !== undefined;
  return h(
    'div',
    null,
    h(
      'div',
      { class: 'tools', role: 'group', 'aria-label': 'Kinds of sockets' },
      groups.map(([group, title]) =>
        h(
          'button',
          {
            ...{ type: 'button', key: group, class: 'filter kind' },
            'aria-pressed': String(shown.has(group)),
            onClick: () => setShown((before) => before.symmetricDifference(new Set([group]))),
          },
          `${title} ${numberText(sockets.filter((socket) => socket.group === group).length)}`,
        ),
      ),
      isPart && link(linkTo(one, 'network'), 'Show all', { class: 'button plain' }),
    ),
    picture(one, graph, box?.key),
    thing !== undefined && panel('What waits', part(Preview, { one, thing, key: thing }), { aside: code(thing) }),
    panel(
      rows === alone ? (chosen ?? '') : box ? `Sockets of ${box.title} (${box.note})` : 'Sockets',
      table('Sockets', columnsOf(one, list, isPart ? chosen : undefined), rows, {
        none: 'No socket of these kinds.',
        total: isPart ? rows.length : rows.length + total - sockets.length,
      }),
    ),
  );
}

function picture(one: string, graph: Graph, chosen: string | undefined): VNode {
  if (graph.boxes.length === 0)
    return panel('Graph', h('p', { class: 'none' }, 'None of these sockets speaks to another or listens for one.'));
  const addressFor = (key: string | undefined) =>
    key === undefined ? linkTo(one, 'network') : linkTo(one, 'network', key);
  return panel('Graph', [
    h(
      'div',
      { class: 'network-scroll', tabIndex: 0, role: 'region', 'aria-label': 'Graph' },
      part(NetworkPicture, { graph, chosen, addressFor }),
    ),
    h(
      'ul',
      { class: 'legend' },
      ['listens', 'inside', 'outside'].map((kind) =>
        h(
          'li',
          { key: kind },
          h(
            'svg',
            { class: 'line-sample', viewBox: '0 0 26 8', 'aria-hidden': 'true' },
            h('path', { class: `line ${kind}`, d: 'M1 4H25' }),
          ),
          WORDS[kind],
        ),
      ),
      h('li', { key: 'waits' }, h('span', { class: 'bytes-sample', 'aria-hidden': 'true' }), 'bytes that wait'),
      h('li', { class: 'note' }, 'A click on a box leaves what is joined to it.'),
    ),
    graph.hidden > 0 &&
      h('p', { class: 'more' }, `${counted(graph.hidden, 'more box', 'more boxes')} found no room; the list has them.`),
  ]);
}

const WORDS: Readonly<Record<string, string>> = {
  listens: 'holds open',
  inside: 'speaks to, within the checkpoint',
  outside: 'speaks to the outside',
};

function columnsOf(one: string, { names }: SocketList, chosen: string | undefined) {
  const called = new Map(names.map(({ pid, name }) => [pid, name ?? '?']));
  const queue = (which: QueueFacts, what: string): Child =>
    queueCell(which, what, (thing) => linkTo(one, 'network', chosen ?? '-', thing));
  return [
    { title: 'Kind', cell: ({ kind }: SocketFacts) => kind },
    {
      title: 'State',
      cell: ({ state, backlog }: SocketFacts) => [
        state,
        backlog !== null && h('span', { class: 'dim' }, ` up to ${backlog}`),
      ],
    },
    { title: 'Here', cell: ({ local }: SocketFacts) => code(local) },
    {
      title: 'Other end',
      grows: true,
      cell: ({ remote, peer }: SocketFacts) => [
        remote === null ? '' : code(remote),
        peer.place === 'outside' && [' ', badge('info', 'outside')],
      ],
    },
    { title: 'Held by', cell: (socket: SocketFacts) => holdersCell(one, socket, called) },
    { title: 'To be read', figures: true, cell: ({ received }: SocketFacts) => queue(received, 'received') },
    { title: 'Not taken yet', figures: true, cell: ({ sent }: SocketFacts) => queue(sent, 'sent') },
  ];
}

function queueCell({ bytes, things }: QueueFacts, what: string, addressFor: (thing: string) => string): Child {
  if (bytes === null) return unknown('–');
  if (bytes === 0) return '0';
  if (things.length === 0) return bytesText(bytes);
  if (things.length === 1)
    return things.map((thing) =>
      link(addressFor(thing), bytesText(bytes), { 'aria-label': `Read ${bytesText(bytes)} ${what}` }),
    );
  return [
    bytesText(bytes),
    ': ',
    things.flatMap((thing, at): Child[] => [
      at > 0 && ' ',
      link(addressFor(thing), String(at + 1), { 'aria-label': `Read message ${at + 1} ${what}` }),
    ]),
  ];
}

function holdersCell(one: string, { holders, holdersTotal }: SocketFacts, called: ReadonlyMap<number, string>): Child {
  if (holdersTotal === 0) return unknown('nobody');
  return [
    holders
      .slice(0, NAMED)
      .flatMap(({ pid, fd }, at): Child[] => [
        at > 0 && ', ',
        link(linkTo(one, 'process', pid), `${called.get(pid) ?? '?'} ${pid}/${fd}`),
      ]),
    holdersTotal > NAMED && ` and ${holdersTotal - NAMED} more`,
  ];
}
