/** The containers of a node, with what can be done to each. */
import { bytesText } from '@stillframe/core/units';
import type { LiveContainer, LivePod, NodeAnswer } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { type Child, h } from '../element.ts';
import { code, link, table, unknown } from '../parts/parts.ts';
import { linkTo } from '../route.ts';
import type { Deed } from './questions.ts';

interface Row {
  readonly pod: LivePod;
  readonly container: LiveContainer | undefined;
}

export function containerTable(
  { pods, isOwn }: NodeAnswer,
  { one, ask }: { one: string; ask: (deed: Deed) => void },
): VNode {
  const rows = pods.flatMap((pod): Row[] =>
    pod.containers.length === 0
      ? [{ pod, container: undefined }]
      : pod.containers.map((container) => ({ pod, container })),
  );
  return table<Row>(
    'Containers',
    [
      { title: 'Pod', cell: ({ pod }) => [`${pod.kubeNamespace}/${pod.name}`, pod.isOurs && ours()] },
      { title: 'Container', cell: ({ container }) => container?.name ?? unknown('none') },
      { title: 'State', cell: ({ container }) => container && stateText(container) },
      {
        title: 'Memory',
        figures: true,
        cell: ({ container }) => (container?.memory == null ? '–' : bytesText(container.memory)),
      },
      { title: 'Image', grows: true, cell: ({ container }) => container && code(container.image) },
      {
        title: 'What can be done',
        cell: ({ pod, container }) =>
          h(
            'span',
            { class: 'deeds' },
            container?.state === 'running' &&
              button('Checkpoint…', named(pod, container), () => ask({ kind: 'checkpoint', pod, container, isOwn })),
            container &&
              link(linkTo(one, 'node', 'log', container.id), 'Log', {
                'aria-label': `Log of ${named(pod, container)}`,
              }),
            pod.isOurs &&
              container?.state === 'running' &&
              link(linkTo(one, 'node', 'terminal', container.id), 'Terminal', {
                'aria-label': `Terminal of ${named(pod, container)}`,
              }),
            pod.isOurs && button('Remove…', `${pod.kubeNamespace}/${pod.name}`, () => ask({ kind: 'remove', pod })),
          ),
      },
    ],
    rows,
    { none: 'The node has no pods.' },
  );
}

function named({ kubeNamespace, name }: LivePod, container: LiveContainer): string {
  return `${kubeNamespace}/${name}/${container.name}`;
}

function stateText({ state }: LiveContainer): Child {
  return h('span', { class: state === 'running' ? 'holds' : 'unknown' }, state);
}

function ours(): VNode {
  return h('span', { class: 'ours' }, ' copy of this desk');
}

function button(text: string, what: string, onClick: () => void): VNode {
  return h('button', { type: 'button', onClick, 'aria-label': `${text.replace('…', '')} ${what}` }, text);
}
