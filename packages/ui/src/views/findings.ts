/** What rules found, the worst first, each with why it matters and where its evidence stands. */
import type { FindingFacts, Place } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Child, h, part } from '../element.ts';
import { badge, code, facts, link, page, whenThere } from '../parts/parts.ts';
import { counted, numberText } from '../parts/texts.ts';
import { linkTo } from '../route.ts';
import { useAnswer } from '../use-answer.ts';
import type { ViewProps } from './index.ts';

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;

export function Findings({ one, rest }: ViewProps): VNode {
  const quick = useAnswer(one, 'findings', { memory: false });
  const whole = useAnswer(one, 'findings', quick.state === 'there' ? { memory: true } : undefined);
  const answer = whole.state === 'there' ? whole : quick;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const toggle = (severity: string) => setHidden((before) => before.symmetricDifference(new Set([severity])));
  return page(
    'Findings',
    'A finding is a lead, not a verdict: each says what would look the same and be harmless.',
    whenThere(
      answer,
      ({ findings, counts, total, rules }) => {
        const shown = findings.filter(({ severity }) => !hidden.has(severity));
        return [
          h(
            'div',
            { class: 'tools', role: 'group', 'aria-label': 'Severities' },
            SEVERITIES.filter((severity) => counts[severity] > 0).map((severity) =>
              h(
                'button',
                {
                  type: 'button',
                  key: severity,
                  class: `filter ${severity}`,
                  'aria-pressed': String(!hidden.has(severity)),
                  onClick: () => toggle(severity),
                },
                `${severity} ${numberText(counts[severity])}`,
              ),
            ),
          ),
          h(
            'p',
            { class: 'count', role: 'status' },
            `${counted(total, 'finding')} by ${counted(rules, 'rule')}${whole.state === 'waiting' ? '; memory is still being judged…' : ''}`,
          ),
          total === 0 &&
            h('p', { class: 'none' }, 'That is no proof that nothing happened: rules see what they look for.'),
          shown.map((finding) => part(Finding, { finding, one, isOpen: finding.id === rest[0], key: finding.id })),
        ];
      },
      'Rules are judging…',
    ),
  );
}

function Finding({ finding, one, isOpen }: { finding: FindingFacts; one: string; isOpen: boolean }): VNode {
  const { severity, summary, rule, title, techniques, places, placesTotal, details, why, benign } = finding;
  const where = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (isOpen) where.current?.scrollIntoView({ block: 'start' });
  }, [isOpen]);
  const list = h(
    'ul',
    { class: 'places' },
    places.map((place, at) => h('li', { key: at }, placeLink(one, place))),
    placesTotal > places.length && h('li', { class: 'more' }, `and ${placesTotal - places.length} more`),
  );
  return h(
    'details',
    { class: `finding ${severity}`, open: isOpen, ref: where },
    h('summary', null, badge(severity), h('span', { class: 'what' }, summary)),
    h(
      'div',
      { class: 'finding-body' },
      facts([
        ['Evidence', list],
        ['Why it matters', why || undefined],
        ['Benign where', benign || undefined],
        ...details.map(([name, value]) => [name, code(value)] as const),
        ['Rule', [title, ' ', code(rule)]],
        ['Techniques', techniques.length === 0 ? undefined : techniques.join(', ')],
      ]),
    ),
  );
}

/** Places of the archive itself, which the view of files shows. */
const IN_ARCHIVE: ReadonlySet<string> = new Set(['entry', 'image', 'mount']);

/** The view that shows a place; a plain text for one that no view has. */
export function placeLink(one: string, { kind, text, pid, address, bytes, path }: Place): Child {
  if ((kind === 'memory' || kind === 'mapping') && pid !== undefined && address !== undefined)
    return link(linkTo(one, 'memory', pid, address, ...(bytes === undefined ? [] : [bytes])), code(text));
  if ((kind === 'process' || kind === 'fd') && pid !== undefined) return link(linkTo(one, 'process', pid), code(text));
  if (kind === 'rootfs' && path !== undefined) return link(linkTo(one, 'files', 'path', path), code(text));
  if (kind === 'socket') return link(linkTo(one, 'network', text), code(text));
  if (IN_ARCHIVE.has(kind)) return link(linkTo(one, 'files', 'archive', text), code(text));
  return code(text);
}
