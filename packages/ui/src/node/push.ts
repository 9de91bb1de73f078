/** Making an image of a checkpoint of the desk, and pushing it to a registry. */
import type { CaseName, NodeAnswer } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { h } from '../element.ts';
import { caseField, tick, useRestorable } from '../parts/fields.ts';
import { panel } from '../parts/parts.ts';
import type { Deed } from './questions.ts';

export interface PushProps {
  readonly node: NodeAnswer;
  readonly cases: readonly CaseName[];
  readonly ask: (deed: Deed) => void;
}

export function Push({ node, cases, ask }: PushProps): VNode {
  const { there, one, choose } = useRestorable(cases);
  const [reference, setReference] = useState('');
  const [sign, setSign] = useState(false);
  const title = 'An image in a registry';
  if (!one) return panel(title, h('p', { class: 'none' }, 'Checkpoint a container first: an image is made of that.'));
  return panel(
    title,
    h(
      'form',
      {
        class: 'tools',
        onSubmit: (event: Event) => {
          event.preventDefault();
          ask({ kind: 'push', one, reference, sign });
        },
      },
      caseField(there, one, choose),
      h(
        'label',
        { class: 'field grow' },
        h('span', null, 'Push to'),
        h('input', {
          ...{ value: reference, required: true, maxLength: 720, spellcheck: false, autocomplete: 'off' },
          placeholder: 'registry.example/evidence/web:2026-11-27',
          onInput: (event: Event) => setReference((event.target as HTMLInputElement).value.trim()),
        }),
      ),
      node.canSign && tick('sign it', sign, setSign),
      h('button', { type: 'submit', class: 'main' }, 'Build and push…'),
    ),
  );
}
