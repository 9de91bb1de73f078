/** Fields that forms share. */
import type { CaseName } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { h } from '../element.ts';

/** Which checkpoint it is done to. */
export function caseField(there: readonly CaseName[], one: CaseName, choose: (id: string) => void): VNode {
  return h(
    'label',
    { class: 'field' },
    h('span', null, 'Of'),
    h(
      'select',
      { value: one.id, onChange: (event: Event) => choose((event.target as HTMLSelectElement).value) },
      there.map(({ id, name }) => h('option', { value: id, key: id }, name)),
    ),
  );
}

export function tick(text: string, checked: boolean, set: (checked: boolean) => void): VNode {
  const onChange = (event: Event) => set((event.target as HTMLInputElement).checked);
  return h('label', { class: 'tick' }, h('input', { type: 'checkbox', checked, onChange }), text);
}
