/** A running node: its pods, a button to checkpoint a container, copies in the forensic sandbox, and what a container writes. */
import type { NodeAnswer } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { h, part } from '../element.ts';
import { Copies } from '../node/copies.ts';
import { jobList } from '../node/jobs.ts';
import { Log } from '../node/log.ts';
import { containerTable } from '../node/pods.ts';
import { Push } from '../node/push.ts';
import { asked, type Deed } from '../node/questions.ts';
import { Terminal } from '../node/terminal.ts';
import { page, panel, whenThere } from '../parts/parts.ts';
import { numberText } from '../parts/texts.ts';
import { deskChanged, useDesk, useDeskFacts } from '../use-answer.ts';
import type { ViewProps } from './index.ts';

/** Milliseconds between two looks: while something is under way, and otherwise. */
const SOON = 500;
const LATER = 4000;

const isUnderWay = ({ jobs }: NodeAnswer) => jobs.some(({ state }) => state === 'running');

/** `rest`: `log` or `terminal`, and the id of a container. */
export function LiveNode({ one, rest }: ViewProps): VNode {
  const [answer, look] = useDesk('node', {}, (node) => (node && isUnderWay(node) ? SOON : LATER));
  const desk = useDeskFacts();
  const [open, setOpen] = useState<{ deed: Deed; number: number }>();
  const ask = (deed: Deed) => setOpen((before) => ({ deed, number: (before?.number ?? 0) + 1 }));
  const taken = answer.state === 'there' ? answer.value.jobs.filter(({ capture }) => capture !== null).length : 0;
  useEffect(() => {
    if (taken > 0) deskChanged();
  }, [taken]);
  const cases = desk.state === 'there' ? desk.value.cases : [];
  const [kind, opened] = rest;
  return page(
    'Live node',
    answer.state === 'there' && `${answer.value.runtime} at ${answer.value.socket}`,
    whenThere(
      answer,
      (node) => [
        node.jobs.length > 0 && panel('Under way and done', jobList(node.jobs, { one, cases, ask })),
        panel('Containers', [
          containerTable(node, { one, ask }),
          node.left > 0 && h('p', { class: 'more' }, `… and ${numberText(node.left)} more pods`),
        ]),
        (kind === 'log' || kind === 'terminal') && opened !== undefined && streamed(kind, node, one, opened),
        part(Copies, { node, cases, ask }),
        part(Push, { node, cases, ask }),
      ],
      'Asking the node…',
    ),
    open &&
      h(
        'div',
        { key: open.number },
        asked(open.deed, () => {
          setOpen((now) => (now === open ? undefined : now));
          look();
        }),
      ),
  );
}

/** One that is gone is not asked for: its log went with it. */
function streamed(kind: 'log' | 'terminal', { pods }: NodeAnswer, one: string, id: string): VNode {
  for (const { kubeNamespace, name, containers } of pods) {
    const found = containers.find((each) => each.id === id);
    const whose = { one, id, name: `${kubeNamespace}/${name}/${found?.name}`, key: kind + id };
    if (found) return kind === 'log' ? part(Log, whose) : part(Terminal, whose);
  }
  if (kind === 'terminal') return panel('Terminal', h('p', { class: 'none' }, 'The container is gone.'));
  return panel('Log', h('p', { class: 'none' }, 'The container is gone, and its log with it.'));
}
