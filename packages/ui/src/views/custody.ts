/** Whether the archive still is what was captured, who had it, and what can be handed on. */
import { microsecondsText } from '@stillframe/core/units';
import type { ExportFacts, ProofFacts } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { addressOf } from '../ask.ts';
import { type Child, h, part } from '../element.ts';
import { code, facts, link, page, panel, table, whenThere } from '../parts/parts.ts';
import { momentText, numberText } from '../parts/texts.ts';
import { useAnswer } from '../use-answer.ts';
import type { ViewProps } from './index.ts';

export function Custody({ one }: ViewProps): VNode {
  const answer = useAnswer(one, 'custody', {});
  return page(
    'Custody and reports',
    'Whether this still is what was captured, who had it, and what to hand on.',
    part(Exports, { one }),
    whenThere(answer, ({ proof }) => (proof === null ? unproven() : proven(proof)), 'Verifying the archive…'),
  );
}

function unproven(): VNode {
  return panel('Verification', [
    h('p', { class: 'verdict unchecked' }, 'Not known'),
    h(
      'p',
      null,
      'No evidence of the capture lies beside the archive: nobody says when, by whom or of what it was made. Digests in the report tell from now on whether it is changed.',
    ),
  ]);
}

const WORDS = { holds: 'holds', fails: 'does not hold', unchecked: 'not checked' } as const;
type Check = ProofFacts['checks'][number];
type Entry = ProofFacts['entries'][number];

function proven(proof: ProofFacts): VNode {
  const { checks, statement, entries, left, head } = proof;
  return h(
    'div',
    null,
    panel('Verification', [
      verdict(checks),
      table(
        'Checks',
        [
          { title: 'What', cell: ({ name }: Check) => name },
          { title: 'Outcome', cell: ({ state }: Check) => h('strong', { class: state }, WORDS[state]) },
          { title: 'How it is known', grows: true, cell: ({ text }: Check) => text },
        ],
        checks,
      ),
    ]),
    captured(proof),
    panel('Chain of custody', [
      left > 0 && h('p', { class: 'more' }, `${numberText(left)} earlier entries are left out.`),
      table(
        'Chain of custody',
        [
          {
            title: 'Time (UTC)',
            cell: ({ at }: Entry) => h('time', { dateTime: at }, momentText(at).replace(' UTC', '')),
          },
          { title: 'Who', cell: ({ who }: Entry) => who },
          { title: 'What', grows: true, cell: ({ action }: Entry) => action },
          { title: 'Outcome', cell: ({ outcome }: Entry) => outcome ?? '' },
        ],
        entries,
        { none: 'No chain of custody lies beside the archive.' },
      ),
    ]),
    panel(
      'To be kept elsewhere',
      facts([
        ['Statement', statement && code(statement)],
        ['Last line of the chain', head === null ? undefined : code(head)],
      ]),
    ),
  );
}

function verdict(checks: readonly Check[]): VNode {
  const isBroken = checks.some(({ state }) => state === 'fails');
  const isVouched = checks.every(({ name, state }) => name !== 'signature' || state === 'holds');
  if (isBroken) return h('p', { class: 'verdict fails' }, 'This is not what was captured, or nobody knows that it is');
  if (isVouched) return h('p', { class: 'verdict holds' }, 'This is what was captured');
  return h('p', { class: 'verdict unchecked' }, 'Nothing is broken, but no key of yours vouches for it (--key)');
}

function captured({ startedAt, finishedAt, askedBy, node, pause, notCaptured, altered }: ProofFacts): VNode {
  const lines = (list: readonly string[]): Child =>
    list.length === 0
      ? undefined
      : h(
          'ul',
          { class: 'plain' },
          list.map((line, at) => h('li', { key: at }, line)),
        );
  return panel(
    'What the statement says of the capture',
    facts([
      ['Asked for by', lines(askedBy) ?? null],
      ['On', node],
      ['Begun', startedAt && momentText(startedAt)],
      ['Finished', finishedAt && momentText(finishedAt)],
      ['Pause', pause === null ? null : microsecondsText(pause)],
      ['Not captured', lines(notCaptured)],
      ['Changed before', lines(altered)],
    ]),
  );
}

function Exports({ one }: { one: string }): VNode {
  const answer = useAnswer(one, 'exports', {});
  return panel(
    'To hand on',
    whenThere(answer, ({ exports }) =>
      exports.length === 0
        ? h('p', { class: 'none' }, 'This desk makes none; the commands report and scan do.')
        : [
            h(
              'ul',
              { class: 'exports' },
              exports.map((each) => h('li', { key: each.name }, exported(one, each))),
            ),
            h(
              'p',
              { class: 'hint' },
              'They are made when they are asked for, which may take a while: memory is judged for them. Treat them as the archive itself.',
            ),
          ],
    ),
  );
}

function exported(one: string, { name, title, about, command }: ExportFacts): Child {
  return [
    link(addressOf(one, 'export', { name }), `Save ${title}`, {
      class: name === 'report' ? 'button' : 'button plain',
      download: '',
    }),
    h('span', { class: 'about' }, about),
    // A word stays whole: `--output` is none without its dashes.
    code(command.split(' ').map((word, at) => [at > 0 && ' ', h('span', { key: at, class: 'word' }, word)])),
  ];
}
