/** What may be done to a node, and what is said before it is. */
import { bytesText } from '@stillframe/core/units';
import type { CaseName, Job, LiveContainer, LivePod } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { act } from '../ask.ts';
import { h, part } from '../element.ts';
import { code } from '../parts/parts.ts';
import { Question } from '../parts/question.ts';

export type Deed =
  | { readonly kind: 'checkpoint'; readonly pod: LivePod; readonly container: LiveContainer; readonly isOwn: boolean }
  | { readonly kind: 'restore'; readonly one: CaseName; readonly sinkhole: boolean; readonly scrubTokens: boolean }
  | { readonly kind: 'push'; readonly one: CaseName; readonly reference: string; readonly sign: boolean }
  | { readonly kind: 'remove'; readonly pod: LivePod }
  | { readonly kind: 'stop'; readonly job: Job };

/** The question; `close` is called once it is answered either way. */
export function asked(deed: Deed, close: () => void): VNode {
  switch (deed.kind) {
    case 'checkpoint':
      return part(Checkpointing, { deed, close });
    case 'restore':
      return part(Question, { ...restoring(deed), close });
    case 'push':
      return part(Question, { ...pushing(deed), close });
    case 'remove':
      return part(Question, { ...removing(deed), close });
    case 'stop':
      return part(Question, { ...stopping(deed), close });
  }
}

type Of<Kind extends Deed['kind']> = Extract<Deed, { kind: Kind }>;

function Checkpointing({ deed, close }: { deed: Of<'checkpoint'>; close: () => void }): VNode {
  const { pod, container, isOwn } = deed;
  const [mostPause, setMostPause] = useState('');
  const address = `${pod.kubeNamespace}/${pod.name}/${container.name}`;
  const memory = container.memory === null ? 'its memory' : `its memory, about ${bytesText(container.memory)},`;
  const field = h(
    'label',
    { class: 'field' },
    h('span', null, 'Longest pause'),
    h('input', {
      value: mostPause,
      placeholder: '500ms',
      size: 8,
      onInput: (event: Event) => setMostPause((event.target as HTMLInputElement).value.trim()),
    }),
  );
  return part(Question, {
    title: `Checkpoint ${container.name}?`,
    say: [
      h(
        'p',
        null,
        `${address} stands still while ${memory} and its changed files are taken, then goes on running. `,
        'Connections stay; whoever waits for an answer from it waits so much longer. How long it stood still is measured and told.',
      ),
      h(
        'p',
        null,
        'The archive stays on the node. It holds all that the container has in memory, and opens on this desk.',
      ),
      isOwn && field,
      isOwn &&
        h(
          'p',
          { class: 'hint' },
          'Where it would stand still for longer by estimate, nothing is done. Empty: no limit.',
        ),
    ],
    yes: 'Checkpoint it',
    act: async () => void (await act('checkpoint', { container: container.id, mostPause })),
    close,
  });
}

function restoring({ one, sinkhole, scrubTokens }: Of<'restore'>) {
  return {
    title: 'Restore a copy?',
    say: [
      h(
        'p',
        null,
        `A copy of what ${one.name} holds starts on the node, in a pod of its own, and runs from where it stood. `,
        'It has no way out, limited memory, processor and processes, and mounts that cannot be written. It is no virtual machine: it runs on this kernel.',
      ),
      sinkhole &&
        h('p', null, 'Every name that it asks for is answered, every connection taken, every packet recorded.'),
      scrubTokens &&
        h('p', null, 'Tokens of service accounts are overwritten in the copy, which is marked as changed.'),
      h('p', null, 'The container that was checkpointed and the archive stay as they are.'),
    ],
    yes: 'Restore it',
    act: async () => void (await act('restore', { one: one.id, sinkhole, scrubTokens })),
  };
}

function pushing({ one, reference, sign }: Of<'push'>) {
  return {
    title: 'Build and push an image?',
    say: [
      h('p', null, `${one.name} becomes a checkpoint image at `, code(reference), '.'),
      h(
        'p',
        null,
        'All that the container had in memory goes there, passwords and keys too. Whoever may pull the image can read them, and restore it.',
      ),
      h(
        'p',
        { class: 'hint' },
        sign
          ? 'It is held against the evidence beside it first, which goes along, and signed with the key of the desk.'
          : 'It is held against the evidence beside it first, which goes along.',
      ),
    ],
    yes: 'Push it',
    act: async () => void (await act('push', { one: one.id, reference, sign })),
  };
}

function removing({ pod }: Of<'remove'>) {
  return {
    title: `Remove ${pod.name}?`,
    say: h(
      'p',
      null,
      `${pod.kubeNamespace}/${pod.name}, which this desk restored, is stopped and removed with all that it wrote, its log and packets recorded there.`,
    ),
    yes: 'Remove it',
    act: async () => void (await act('remove', { sandbox: pod.sandbox })),
  };
}

function stopping({ job }: Of<'stop'>) {
  return {
    title: 'Call it off?',
    say: h(
      'p',
      null,
      job.kind === 'push'
        ? `The image of ${job.subject} is given up. Blobs that were sent may stay in the registry; no tag names them.`
        : job.kind === 'checkpoint'
          ? `The capture of ${job.subject} is given up; the container goes on running, and no archive stays.`
          : `The copy of ${job.subject} is given up; what of it was started is taken down again.`,
    ),
    yes: 'Call it off',
    act: async () => void (await act('stop', { job: job.id })),
  };
}
