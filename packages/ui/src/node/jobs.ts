/** What was asked of the node: how far it is, how long the container stood still, what came of it or why nothing did. */
import { bytesText, microsecondsText, millisecondsText } from '@stillframe/core/units';
import type { CaptureOutcome, CaseName, Job, LiveCopy, PushedImage } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { type Child, h } from '../element.ts';
import { code, facts, link } from '../parts/parts.ts';
import { refusal } from '../parts/question.ts';
import { linkTo } from '../route.ts';
import type { Deed } from './questions.ts';

interface Around {
  readonly one: string;
  readonly cases: readonly CaseName[];
  readonly ask: (deed: Deed) => void;
}

const NAMES = { checkpoint: 'Checkpoint of', restore: 'Copy of', push: 'Image of', remove: 'Removal of' } as const;
const ENDS = { running: '', done: 'done', failed: 'failed' } as const;

export function jobList(jobs: readonly Job[], around: Around): VNode {
  return h(
    'ul',
    { class: 'jobs' },
    jobs.map((job) => h('li', { key: job.id }, ...jobLines(job, around))),
  );
}

function jobLines(job: Job, around: Around): Child[] {
  const { kind, subject, state, stage, milliseconds, failure, progress, capture, copies, pushed } = job;
  const isRunning = state === 'running';
  return [
    h(
      'div',
      { class: 'job-head' },
      h('strong', null, `${NAMES[kind]} ${subject}`),
      h('span', { class: 'hint', role: 'status' }, isRunning ? stage : ENDS[state]),
      isRunning &&
        progress &&
        h('span', { class: 'figures hint' }, `${bytesText(progress.done)} of ${bytesText(progress.total)}`),
      h('span', { class: 'figures hint' }, millisecondsText(milliseconds)),
      isRunning &&
        kind !== 'remove' &&
        h('button', { type: 'button', onClick: () => around.ask({ kind: 'stop', job }) }, 'Call off…'),
    ),
    isRunning &&
      h('progress', {
        ...(progress && { max: progress.total, value: progress.done }),
        'aria-label': `${NAMES[kind]} ${subject}`,
      }),
    failure && refusal(failure),
    capture && captured(capture, around.cases),
    pushed && image(pushed),
    ...copies.map((copy) => copied(copy, around.one)),
  ];
}

function captured(
  { one, archive, bytes, pause, pauseAtMost, dump }: CaptureOutcome,
  cases: readonly CaseName[],
): Child {
  const stood =
    pause !== null
      ? ['It stood still for ', h('strong', null, microsecondsText(pause))]
      : pauseAtMost !== null
        ? [
            'It stood still for at most ',
            h('strong', null, microsecondsText(pauseAtMost)),
            '; this runtime does not measure it',
          ]
        : ['How long it stood still is not recorded by this runtime'];
  return h(
    'p',
    null,
    ...stood,
    dump !== null && `, ${microsecondsText(dump)} of it for the dump`,
    `. The archive has ${bytesText(bytes)}: `,
    code(archive),
    '. ',
    // Until the desk says that it has it, the link would lead elsewhere.
    cases.some(({ id }) => id === one) && link(linkTo(one, 'overview'), 'Open it'),
  );
}

function image({ reference, digest, layer, bytes, evidence, signed }: PushedImage): Child {
  return facts([
    ['pushed', code(reference)],
    ['manifest', code(digest)],
    ['layer', [code(layer), ` ${bytesText(bytes)}`]],
    ['evidence', evidence],
    ['signed', signed === null ? undefined : ['as ', code(signed)]],
  ]);
}

function copied({ address, container, clamped, altered, packets }: LiveCopy, one: string): Child {
  return h(
    'div',
    { class: 'copy' },
    h(
      'p',
      null,
      code(address),
      ' runs. ',
      link(linkTo(one, 'node', 'log', container), 'Watch its log'),
      ' ',
      link(linkTo(one, 'node', 'terminal', container), 'Open a terminal in it'),
    ),
    packets !== null && h('p', null, 'Packets: ', code(packets)),
    list('Changed on request', altered),
    list('Not as in the original', clamped),
  );
}

function list(title: string, lines: readonly string[]): Child {
  if (lines.length === 0) return undefined;
  return h(
    'details',
    null,
    h('summary', null, `${title} (${lines.length})`),
    h(
      'ul',
      { class: 'plain' },
      lines.map((line, at) => h('li', { key: at }, line)),
    ),
  );
}
