/** The first look: what was captured, when and by whom, whether it still is that, and how bad it looks. */

import { bytesText, microsecondsText } from '@stillframe/core/units';
import type { Overview as Facts, FindingList, Integrity } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { type Child, h } from '../element.ts';
import { badge, facts, link, page, panel, unknown, whenThere } from '../parts/parts.ts';
import { counted, momentText, numberText, shortId } from '../parts/texts.ts';
import { linkTo } from '../route.ts';
import { type Asked, useAnswer } from '../use-answer.ts';
import type { ViewProps } from './index.ts';

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
/** Findings that are named at once. */
const NAMED = 5;

export function Overview({ one }: ViewProps): VNode {
  const overview = useAnswer(one, 'overview', {});
  // What is there first must not wait for what takes longer: of five hundred processes that is seconds.
  const isThere = overview.state === 'there';
  const integrity = useAnswer(one, 'integrity', isThere ? {} : undefined);
  const quick = useAnswer(one, 'findings', isThere ? { memory: false } : undefined);
  const whole = useAnswer(one, 'findings', quick.state === 'there' ? { memory: true } : undefined);
  const name = overview.state === 'there' ? titleOf(overview.value) : 'Overview';
  return page(
    name,
    overview.state === 'there' && leadOf(overview.value),
    whenThere(overview, (value) => [
      tiles(value, integrity.state === 'there' ? integrity.value : undefined),
      h(
        'div',
        { class: 'columns' },
        findingsPanel(one, whole.state === 'there' ? whole : quick, whole.state === 'waiting'),
        h('div', { class: 'stack' }, integrityPanel(integrity, value), containerPanel(value)),
        h('div', { class: 'stack' }, capturePanel(integrity, value), value.faults.length > 0 && faultsPanel(value)),
      ),
    ]),
  );
}

function titleOf({ container, archive }: Facts): string {
  const { kubeNamespace, podName, name, id } = container;
  return [kubeNamespace, podName, name].filter(Boolean).join(' / ') || (id ? shortId(id) : archive.name);
}

function leadOf({ checkpointed, engine, container }: Facts): string {
  const when = checkpointed === null ? 'at a time that is not recorded' : momentText(checkpointed);
  const image = container.image === null ? '' : ` of the image ${container.image}`;
  return `A container${image}, checkpointed ${when}${engine === null ? '' : ` by ${engine}`}.`;
}

/** What is measured outside of the archive, in the evidence, tells more than what the archive says. */
function tiles({ counts, pause, archive }: Facts, evidence: Integrity | undefined): VNode {
  const known = evidence?.pause ?? pause;
  const atMost = evidence?.pauseAtMost ?? null;
  const stood = known !== null ? microsecondsText(known) : atMost !== null ? `≤ ${microsecondsText(atMost)}` : '–';
  const rows: readonly (readonly [string, string, string])[] = [
    [numberText(counts.processes), counts.processes === 1 ? 'process' : 'processes', counted(counts.threads, 'thread')],
    [bytesText(counts.memory), 'of memory', 'captured in pages'],
    [stood, 'pause', stood === '–' ? 'not recorded' : 'the container stood still'],
    [archive.bytes === null ? '–' : bytesText(archive.bytes), 'archive', counted(counts.entries, 'entry', 'entries')],
  ];
  return h(
    'ul',
    { class: 'tiles' },
    rows.map(([value, name, more]) =>
      h('li', { key: name }, h('strong', null, value), h('span', null, name), h('small', null, more)),
    ),
  );
}

function findingsPanel(one: string, answer: Asked<FindingList>, isGoingOn: boolean): VNode {
  const more = answer.state === 'there' && isGoingOn && h('span', { role: 'status' }, 'memory is still being judged…');
  return panel(
    'Findings',
    whenThere(
      answer,
      ({ findings, counts, rules, total }) => [
        h(
          'ul',
          { class: 'severities' },
          SEVERITIES.map((severity) =>
            h(
              'li',
              { key: severity, class: counts[severity] === 0 ? 'zero' : severity },
              h('strong', null, numberText(counts[severity])),
              h('span', null, severity),
            ),
          ),
        ),
        findings.length === 0
          ? h('p', { class: 'none' }, `Judged by ${counted(rules, 'rule')}, nothing suspicious was found.`)
          : h(
              'ol',
              { class: 'worst' },
              findings
                .slice(0, NAMED)
                .map(({ id, severity, summary }) =>
                  h('li', { key: id }, badge(severity), link(linkTo(one, 'findings', id), summary)),
                ),
            ),
        total > NAMED && h('p', { class: 'more' }, link(linkTo(one, 'findings'), `All ${numberText(total)} findings`)),
      ],
      'Rules are judging…',
    ),
    { aside: more, wide: true },
  );
}

const WORDS = { holds: 'holds', fails: 'does not hold', unchecked: 'not checked' } as const;

function integrityPanel(answer: Asked<Integrity>, { missing }: Facts): VNode {
  const isComplete =
    missing.length === 0
      ? h('p', null, 'Everything that a restore needs is in the archive.')
      : h('p', { class: 'bad' }, `Missing for a restore: ${missing.join(', ')}.`);
  return panel('Integrity', [
    whenThere(answer, ({ checks }) => verdictOf(checks), 'The archive is being verified…'),
    isComplete,
  ]);
}

function verdictOf(checks: Integrity['checks']): Child {
  if (checks === null)
    return [
      h('p', { class: 'verdict unchecked' }, 'Not known'),
      h('p', null, 'No evidence of the capture lies beside the archive, so nothing says what it was when it was made.'),
    ];
  const fails = checks.some(({ state }) => state === 'fails');
  const vouched = checks.every(({ name, state }) => name !== 'signature' || state === 'holds');
  const [kind, verdict] = fails
    ? ['fails', 'Does not hold']
    : vouched
      ? ['holds', 'Holds']
      : ['unchecked', 'Nobody vouches for it'];
  return [
    h('p', { class: `verdict ${kind}` }, verdict),
    facts(
      checks.map(({ name, state, text }) => [name, [h('span', { class: state }, WORDS[state]), text && ` – ${text}`]]),
    ),
  ];
}

function capturePanel(answer: Asked<Integrity>, value: Facts): VNode {
  const { checkpointed, created, frozen, engine, restored } = value;
  const evidence = answer.state === 'there' ? answer.value : undefined;
  const awaited = answer.state === 'waiting' ? unknown('…') : null;
  const { askedBy = [], node = null, notCaptured = [], altered = [] } = evidence ?? {};
  return panel(
    'Capture',
    facts([
      ['Checkpointed', checkpointed && momentText(checkpointed)],
      ['Written by', engine],
      ['Asked for by', askedBy.length === 0 ? awaited : list(askedBy)],
      ['Node', node ?? awaited],
      ['CRIU froze it for', frozen === null ? null : microsecondsText(frozen)],
      ['Created', created && momentText(created)],
      ['Restored before', restored === null ? null : restored ? 'yes' : 'no'],
      ['Not captured', notCaptured.length === 0 ? undefined : list(notCaptured)],
      ['Altered', altered.length === 0 ? undefined : list(altered)],
    ]),
  );
}

function containerPanel({ container, archive }: Facts): VNode {
  const { id, name, podName, kubeNamespace, image, imageId, ociRuntime, address } = container;
  const whole = (text: string | null): Child => (text === null ? null : h('code', { title: text }, shortId(text)));
  return panel(
    'Container',
    facts([
      ['Name', name],
      ['Pod', podName ?? undefined],
      ['Namespace', kubeNamespace ?? undefined],
      ['Id', whole(id)],
      ['Image', image],
      ['Image id', whole(imageId)],
      ['Runtime', ociRuntime],
      ['Address', address],
      ['Archive', archive.name],
    ]),
  );
}

function faultsPanel({ faults }: Facts): VNode {
  return panel(
    'What could not be read',
    h(
      'ul',
      { class: 'faults' },
      faults.map(({ severity, source, message }, at) =>
        h(
          'li',
          { key: at },
          badge(severity === 'error' ? 'high' : 'low', severity),
          h('code', null, source),
          ` ${message}`,
        ),
      ),
    ),
    { wide: true },
  );
}

function list(lines: readonly string[]): Child {
  if (lines.length === 0) return unknown('none');
  return h(
    'ul',
    { class: 'plain' },
    lines.map((line, at) => h('li', { key: at }, line)),
  );
}
