/** Files: what was changed, what is left of files without a name, and what every process held open. */
import { bytesText } from '@stillframe/core/units';
import type { ChangeFacts, OpenFileRow, ThingFacts } from '@stillframe/server/contract';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { h, part } from '../element.ts';
import { ChangeTree } from '../files/change-tree.ts';
import { Preview } from '../files/preview.ts';
import { badge, code, facts, link, page, panel, table, unknown, whenThere } from '../parts/parts.ts';
import { counted, secondsText } from '../parts/texts.ts';
import { go, linkTo } from '../route.ts';
import { useAnswer } from '../use-answer.ts';
import type { ViewProps } from './index.ts';

/** Milliseconds without a key after which what was typed is asked for. */
const TYPED = 200;

export function Files({ one, rest }: ViewProps): VNode {
  return page(
    'Files',
    'What the container had changed in its root filesystem, and what it held open.',
    part(Changes, { one, chosen: rest[0] === 'path' ? rest[1] : undefined }),
    part(Things, { one, chosen: rest[0] === 'thing' ? rest[1] : undefined }),
    part(OpenFiles, { one }),
  );
}

function Changes({ one, chosen }: { one: string; chosen: string | undefined }): VNode {
  const answer = useAnswer(one, 'changes', {});
  return panel(
    'Changes of the root filesystem',
    whenThere(answer, ({ recorded, changes, total }) => {
      if (!recorded) return h('p', { class: 'none' }, 'The engine recorded no changes; that is not the same as none.');
      if (changes.length === 0) return h('p', { class: 'none' }, 'The container had changed nothing.');
      const change = changes.find(({ path }) => path === chosen);
      return [
        h('p', { class: 'count' }, counted(total, 'path')),
        h(
          'div',
          { class: 'beside' },
          part(ChangeTree, { changes, chosen, onChoose: ({ path }) => go(linkTo(one, 'files', 'path', path)) }),
          h(
            'div',
            { class: 'beside-what' },
            change ? changed(one, change) : h('p', { class: 'none' }, 'Choose a path to see what it holds.'),
          ),
        ),
      ];
    }),
  );
}

function changed(one: string, change: ChangeFacts): VNode {
  const { path, type, mode, uid, gid, modified, linkTarget, flags, size } = change;
  return h(
    'div',
    null,
    facts([
      ['Path', code(path)],
      ['Change', change.change],
      ['Type', type ?? undefined],
      ['Mode', mode === null ? undefined : `${mode.toString(8).padStart(4, '0')}, owner ${uid ?? '?'}:${gid ?? '?'}`],
      ['Modified', modified === null ? undefined : secondsText(modified)],
      ['Leads to', linkTarget === null ? undefined : code(linkTarget)],
      ['Worth a look', flags.length === 0 ? undefined : flags.map((flag) => badge('high', flag))],
    ]),
    type === 'file' && size !== null && part(Preview, { one, thing: `rootfs:${path}`, key: path }),
  );
}

function Things({ one, chosen }: { one: string; chosen: string | undefined }): VNode {
  const answer = useAnswer(one, 'things', {});
  const columns = [
    { title: 'Kind', cell: ({ kind }: ThingFacts) => WORDS[kind] ?? kind },
    { title: 'Name', grows: true, cell: ({ name, thing }: ThingFacts) => code(name ?? thing) },
    {
      title: 'Held by',
      cell: ({ pids }: ThingFacts) =>
        pids.flatMap((pid, at) => [at > 0 && ', ', link(linkTo(one, 'process', pid), String(pid))]),
    },
    {
      title: 'Size',
      figures: true,
      cell: ({ bytes, without }: ThingFacts) => (bytes === null ? unknown(without ?? '') : bytesText(bytes)),
    },
    {
      title: 'Content',
      cell: ({ thing, bytes }: ThingFacts) =>
        bytes === null
          ? ''
          : link(linkTo(one, 'files', 'thing', thing), thing === chosen ? 'shown below' : 'Show', {
              title: `Show ${thing}`,
            }),
    },
  ];
  return panel(
    'Without a name: deleted but open, in memory only, and under way',
    whenThere(answer, ({ things, total }) => [
      table('Files without a name', columns, things, { none: 'The checkpoint holds none.', total }),
      chosen !== undefined && [h('h3', null, code(chosen)), part(Preview, { one, thing: chosen, key: chosen })],
    ]),
  );
}

const WORDS: Readonly<Record<string, string>> = {
  ghost: 'deleted file',
  memfd: 'memfd',
  shm: 'shared memory',
  pipe: 'pipe',
  fifo: 'named pipe',
  socket: 'socket queue',
  tcp: 'TCP queue',
  tty: 'terminal',
  log: 'log',
};

function OpenFiles({ one }: { one: string }): VNode {
  const [typed, setTyped] = useState('');
  const [what, setWhat] = useState('');
  useEffect(() => {
    const rest = setTimeout(() => setWhat(typed), TYPED);
    return () => clearTimeout(rest);
  }, [typed]);
  const answer = useAnswer(one, 'openfiles', { what });
  const columns = [
    {
      title: 'Process',
      cell: ({ pid, process }: OpenFileRow) => link(linkTo(one, 'process', pid), `${process ?? '?'} (${pid})`),
    },
    { title: 'FD', figures: true, cell: ({ fd }: OpenFileRow) => fd },
    { title: 'Type', cell: ({ type }: OpenFileRow) => type },
    {
      title: 'Leads to',
      grows: true,
      cell: ({ name, deleted, type }: OpenFileRow) => [
        code(name),
        deleted && [' ', badge('medium', type === 'memfd' ? 'memory only' : 'deleted')],
      ],
    },
  ];
  return panel('Open files', [
    h(
      'label',
      { class: 'field' },
      h('span', null, 'Filter open files'),
      h('input', {
        ...{ type: 'search', value: typed, placeholder: 'process, type, name, or deleted' },
        onInput: (event: Event) => setTyped((event.target as HTMLInputElement).value),
      }),
    ),
    whenThere(answer, ({ files, total }) => [
      h('p', { class: 'count', role: 'status' }, counted(total, 'open file')),
      table('Open files', columns, files, { none: 'No open file matches.', total }),
    ]),
  ]);
}
