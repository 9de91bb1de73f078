/** Fields that forms share. */
import type { CaseName } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { h } from '../element.ts';

/** Those that can be restored, and the one that is chosen: that which was taken last, until another is. */
export function useRestorable(cases: readonly CaseName[]) {
  const there = cases.filter(({ isRestorable }) => isRestorable);
  const [chosen, choose] = useState<string>();
  return { there, one: there.find(({ id }) => id === chosen) ?? there.at(-1), choose };
}

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
