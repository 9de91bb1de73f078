/** Restoring a checkpoint of the desk into the node's forensic sandbox. */
import type { CaseName, NodeAnswer } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { h } from '../element.ts';
import { caseField, tick, useRestorable } from '../parts/fields.ts';
import { panel } from '../parts/parts.ts';
import type { Deed } from './questions.ts';

export interface CopiesProps {
  readonly node: NodeAnswer;
  readonly cases: readonly CaseName[];
  readonly ask: (deed: Deed) => void;
}

export function Copies({ node, cases, ask }: CopiesProps): VNode {
  const { there, one, choose } = useRestorable(cases);
  const [sinkhole, setSinkhole] = useState(false);
  const [scrubTokens, setScrubTokens] = useState(false);
  const title = 'A copy in the forensic sandbox';
  if (!node.isOwn)
    return panel(
      title,
      h('p', { class: 'none' }, 'This runtime knows no forensic sandbox; a node of Stillframe does.'),
    );
  if (!one) return panel(title, h('p', { class: 'none' }, 'Checkpoint a container first: a copy is made of that.'));
  return panel(
    title,
    h(
      'form',
      {
        class: 'tools',
        onSubmit: (event: Event) => {
          event.preventDefault();
          ask({ kind: 'restore', one, sinkhole, scrubTokens });
        },
      },
      caseField(there, one, choose),
      tick('record what it tries (sinkhole)', sinkhole, setSinkhole),
      tick('overwrite tokens', scrubTokens, setScrubTokens),
      h('button', { type: 'submit', class: 'main' }, 'Restore a copy…'),
    ),
  );
}
