/** Rules that are pasted, or chosen as a file, with what is wrong with them where it is. */
import type { VNode } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { h } from '../element.ts';
import { code } from '../parts/parts.ts';
import type { Going } from './matches.ts';

/** Characters, as the server takes them. */
const MOST = 256 << 10;
/** What the server calls them in front of a fault. */
const NAMED = /^rules:\d+:\d+: /;

export interface RulesProps {
  readonly rules: string;
  readonly set: (rules: string) => void;
  readonly failure: Going['failure'];
}

export function RulesField({ rules, set, failure }: RulesProps): VNode {
  const field = useRef<HTMLTextAreaElement>(null);
  const [tooLarge, setTooLarge] = useState<string>();
  const told = useId();
  useEffect(() => {
    // The keyboard goes on where the fault is.
    if (failure?.place && field.current) mark(field.current, failure.place);
  }, [failure]);
  const chosen = async (event: Event) => {
    const [file] = (event.target as HTMLInputElement).files ?? [];
    if (!file) return;
    // As many bytes as characters at least.
    const isTooLarge = file.size > MOST;
    setTooLarge(isTooLarge ? `${file.name} is too large: rules have at most 256 KiB` : undefined);
    if (!isTooLarge) set(await file.text());
  };
  const wrong = tooLarge ?? failure?.message.replace(NAMED, '');
  const { place } = failure ?? {};
  return h(
    'div',
    { class: 'rules grow' },
    h(
      'label',
      { class: 'rules-text' },
      h('span', null, 'YARA rules'),
      h('textarea', {
        ...{ ref: field, value: rules, rows: 8, required: true, maxLength: MOST, spellcheck: false, wrap: 'off' },
        placeholder: 'rule name {\n  strings:\n    $a = "text"\n  condition:\n    $a\n}',
        'aria-invalid': wrong === undefined ? undefined : 'true',
        'aria-describedby': wrong === undefined ? undefined : told,
        onInput: (event: Event) => set((event.target as HTMLTextAreaElement).value),
      }),
    ),
    h(
      'label',
      { class: 'rules-file' },
      h('span', null, 'or a file of them '),
      h('input', { type: 'file', accept: '.yar,.yara,text/plain', onChange: (event: Event) => void chosen(event) }),
    ),
    wrong !== undefined &&
      h(
        'div',
        { class: 'failed', role: 'alert', id: told },
        h('p', null, place ? `Line ${place.line}, column ${place.column}: ` : false, wrong),
        place && h('p', null, code(rules.split('\n')[place.line - 1] ?? '')),
        failure?.hint && h('p', { class: 'hint' }, failure.hint),
      ),
  );
}

/** Selects the line from the column on. */
function mark(field: HTMLTextAreaElement, { line, column }: { line: number; column: number }): void {
  const lines = field.value.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const end = start + (lines[line - 1]?.length ?? 0);
  field.focus();
  field.setSelectionRange(Math.min(end, start + column - 1), end);
}
