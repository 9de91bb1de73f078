/** What is asked before something is done: what it will do, and what the server said where it would not. */
import type { VNode } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Child, h } from '../element.ts';
import { failed } from '../use-answer.ts';

export interface QuestionProps {
  readonly title: string;
  /** What is going to happen; fields, too. */
  readonly say: Child;
  /** On the button. */
  readonly yes: string;
  readonly act: () => Promise<void>;
  /** It was done, or is not wanted. */
  readonly close: () => void;
}

/** Stands before the page until it is answered; Escape says no. */
export function Question({ title, say, yes, act, close }: QuestionProps): VNode {
  const where = useRef<HTMLDialogElement>(null);
  const name = useId();
  const [isActing, setActing] = useState(false);
  const [refused, setRefused] = useState<ReturnType<typeof failed>>();
  useLayoutEffect(() => {
    const before = document.activeElement;
    where.current?.showModal();
    // It goes away with its element, which closes it without an event: that would come late, when another question may be open.
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  const cancel = (event: Event) => {
    // Not by the browser alone: until the page knew, the button behind could be pressed again for nothing.
    event.preventDefault();
    close();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    setActing(true);
    setRefused(undefined);
    act().then(close, (error: unknown) => {
      setActing(false);
      setRefused(failed(error));
    });
  };
  return h(
    'dialog',
    { ref: where, class: 'question', 'aria-labelledby': name, onCancel: cancel, onClose: close },
    h(
      'form',
      { onSubmit: submit },
      h('h2', { id: name }, title),
      say,
      refused && refusal(refused),
      h(
        'div',
        { class: 'answers' },
        h('button', { type: 'button', onClick: close }, 'Cancel'),
        h('button', { type: 'submit', class: 'main', disabled: isActing }, yes),
      ),
    ),
  );
}

/** What was refused, and what to do about it. */
export function refusal({ message, hint }: { message: string; hint?: string | undefined }): VNode {
  return h('div', { class: 'failed', role: 'alert' }, h('p', null, message), hint && h('p', { class: 'hint' }, hint));
}
