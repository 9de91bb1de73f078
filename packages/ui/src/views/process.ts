/** Everything of one process on one page. */

import { bytesText } from '@stillframe/core/units';
import type { ProcessPage as Facts } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { type Child, h, part } from '../element.ts';
import { badge, code, facts, link, page, panel, table, unknown, whenThere } from '../parts/parts.ts';
import { counted, numberText } from '../parts/texts.ts';
import { linkTo } from '../route.ts';
import { useAnswer } from '../use-answer.ts';
import type { ViewProps } from './index.ts';

/** Capabilities that let a process out of its container, or at others'. */
const DANGEROUS = new Set([
  'CAP_SYS_ADMIN',
  'CAP_SYS_PTRACE',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_DAC_READ_SEARCH',
  'CAP_BPF',
]);

export function ProcessPage({ one, rest }: ViewProps): VNode {
  const pid = Number.parseInt(rest[0] ?? '', 10) || 0;
  const answer = useAnswer(one, 'process', { pid });
  const name = answer.state === 'there' ? (answer.value.name ?? '?') : 'Process';
  return page(
    `${name} (${pid})`,
    answer.state === 'there' && answer.value.arguments !== null && code(answer.value.arguments.join(' ')),
    whenThere(answer, (value) => [
      h(
        'p',
        { class: 'tools' },
        link(linkTo(one, 'memory', pid), 'Open its memory', { class: 'button' }),
        link(linkTo(one, 'processes'), 'All processes', { class: 'button plain' }),
      ),
      h(
        'div',
        { class: 'columns' },
        h('div', { class: 'stack' }, whoPanel(one, value), threadsPanel(value)),
        h('div', { class: 'stack' }, rightsPanel(value), part(FindingsOf, { one, pid })),
        filesPanel(value),
        part(Environment, { one, pid, key: pid }),
      ),
    ]),
  );
}

function whoPanel(one: string, value: Facts): VNode {
  const { ppid, sid, pgid, state, executable, executableDeleted, workingFolder, root, children, mappings, captured } =
    value;
  const family = children.flatMap(({ pid, name }, at): Child[] => [
    at > 0 && ', ',
    link(linkTo(one, 'process', pid), `${name ?? '?'} (${pid})`),
  ]);
  return panel(
    'What it is',
    facts([
      ['Runs', executable && [code(executable), executableDeleted && [' ', badge('high', 'deleted')]]],
      ['State', state],
      ['Parent', ppid === 0 ? 'none in the checkpoint' : link(linkTo(one, 'process', ppid), String(ppid))],
      ['Children', children.length === 0 ? 'none' : family],
      ['Session, group', `${sid}, ${pgid}`],
      ['Works in', workingFolder && code(workingFolder)],
      ['Root', root && code(root)],
      ['Memory', `${bytesText(captured)} captured in ${counted(mappings, 'mapping')}`],
    ]),
  );
}

function rightsPanel({ credentials }: Facts): VNode {
  if (!credentials) return panel('Rights', h('p', { class: 'none' }, 'Not recorded.'));
  const { uid, euid, suid, gid, egid, groups, effective, noNewPrivileges, securityProfile, seccomp } = credentials;
  const capabilities =
    effective.length === 0
      ? 'none'
      : h(
          'ul',
          { class: 'chips' },
          effective.map((name) =>
            h(
              'li',
              { key: name, class: DANGEROUS.has(name) ? 'chip high' : 'chip' },
              name.replace(/^CAP_/, '').toLowerCase(),
            ),
          ),
        );
  return panel(
    'Rights',
    facts([
      ['User', `${euid}${uid === euid && suid === euid ? '' : ` (real ${uid}, saved ${suid})`}`],
      [
        'Group',
        `${egid}${gid === egid ? '' : ` (real ${gid})`}${groups.length > 0 ? `, also ${groups.join(', ')}` : ''}`,
      ],
      ['Capabilities', capabilities],
      ['Seccomp', seccomp],
      ['No new privileges', noNewPrivileges ? 'yes' : 'no'],
      ['Security profile', securityProfile ?? 'none'],
    ]),
  );
}

function threadsPanel({ threadList }: Facts): VNode {
  const columns = [
    { title: 'TID', figures: true, cell: ({ tid }: Facts['threadList'][number]) => String(tid) },
    { title: 'Name', grows: true, cell: ({ name }: Facts['threadList'][number]) => name ?? unknown('not recorded') },
  ];
  return panel('Threads', table('Threads', columns, threadList, { none: 'It has ended: no threads are left.' }));
}

function FindingsOf({ one, pid }: { one: string; pid: number }): VNode {
  const answer = useAnswer(one, 'findings', { memory: false });
  return panel(
    'Findings',
    whenThere(answer, ({ findings }) => {
      const own = findings.filter(({ places }) => places.some((place) => place.pid === pid));
      if (own.length === 0) return h('p', { class: 'none' }, 'No rule points at this process.');
      return h(
        'ol',
        { class: 'worst' },
        own.map(({ id, severity, summary }) =>
          h('li', { key: id }, badge(severity), link(linkTo(one, 'findings', id), summary)),
        ),
      );
    }),
  );
}

type FileRow = Facts['files'][number];

function filesPanel({ files, filesTotal }: Facts): VNode {
  const columns = [
    { title: 'FD', figures: true, cell: ({ fd }: FileRow) => fd },
    { title: 'Type', cell: ({ type }: FileRow) => type },
    {
      title: 'Leads to',
      grows: true,
      cell: ({ name, deleted, type }: FileRow) => [
        code(name),
        deleted && [' ', badge('medium', type === 'memfd' ? 'memory only' : 'deleted')],
      ],
    },
    { title: 'Position', figures: true, cell: ({ position }: FileRow) => (position ? numberText(position) : '') },
    { title: 'Shared by', figures: true, cell: ({ holders }: FileRow) => (holders > 1 ? `${holders} fds` : '') },
    { title: 'Flags', cell: ({ flags }: FileRow) => flags.join(' ').replaceAll('O_', '').toLowerCase() },
  ];
  return panel('Open files', table('Open files', columns, files, { none: 'None.', total: filesTotal }), { wide: true });
}

function Environment({ one, pid }: { one: string; pid: number }): VNode {
  const [reveal, setReveal] = useState(false);
  const answer = useAnswer(one, 'environment', { pid, reveal });
  type Row = { since: string; declared: string; text: string };
  const columns = [
    { title: 'Variable', grows: true, cell: ({ text }: Row) => code(text) },
    { title: 'Since the start', cell: ({ since }: Row) => since },
    { title: 'Beside the specification', cell: ({ declared }: Row) => declared },
  ];
  const button = h(
    'button',
    { type: 'button', 'aria-pressed': String(reveal), onClick: () => setReveal(!reveal) },
    reveal ? 'Hide secrets' : 'Show secrets',
  );
  return panel(
    'Environment',
    whenThere(answer, ({ variables, overwritten, absent }) => [
      absent !== null && h('p', { class: 'none' }, `There is none: ${absent}.`),
      overwritten && h('p', { class: 'hint' }, 'The process has written over its variables.'),
      table('Environment', columns, variables),
    ]),
    { aside: button, wide: true },
  );
}
