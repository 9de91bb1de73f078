/** A comparison in one sentence. */
import type { CheckpointDiff } from '@stillframe/forensics';

type Counts = CheckpointDiff['summary']['processes'];

const WORDS: readonly (readonly [
  keyof CheckpointDiff['summary'],
  string,
  string,
  Readonly<Record<keyof Counts, string>>,
])[] = [
  [
    'container',
    'fact of the container',
    'facts of the container',
    { added: 'new', removed: 'gone', changed: 'changed' },
  ],
  ['processes', 'process', 'processes', { added: 'started', removed: 'ended', changed: 'changed' }],
  ['files', 'open file', 'open files', { added: 'new', removed: 'gone', changed: 'changed' }],
  ['sockets', 'socket', 'sockets', { added: 'new', removed: 'gone', changed: 'changed' }],
  ['mappings', 'mapping', 'mappings', { added: 'new', removed: 'gone', changed: 'changed' }],
  ['mounts', 'mount', 'mounts', { added: 'new', removed: 'gone', changed: 'changed' }],
  ['rootfs', 'path', 'paths', { added: 'written', removed: 'gone', changed: 'changed' }],
  ['environment', 'variable', 'variables', { added: 'new', removed: 'gone', changed: 'changed' }],
  ['findings', 'finding', 'findings', { added: 'new', removed: 'gone', changed: 'changed' }],
];

/** Of siblings none was before the other. */
const APART: Readonly<Record<keyof Counts, string>> = {
  ...{ added: 'only in the second', removed: 'only in the first', changed: 'different' },
};

/** `2 processes started`, `1 listener new`, `412 pages changed in 7 mappings`…; empty where nothing differs. */
export function summaryParts({ summary, listeners, pages }: CheckpointDiff, sibling: boolean): readonly string[] {
  const parts: string[] = [];
  for (const [table, one, many, ofTimes] of WORDS) {
    const words = sibling ? APART : ofTimes;
    for (const change of ['added', 'removed', 'changed'] as const) {
      let count = summary[table][change];
      if (table === 'sockets' && change === 'added') {
        if (listeners > 0) parts.push(`${counted(listeners, 'listener', 'listeners')} ${words.added}`);
        count -= listeners;
      }
      if (count > 0) parts.push(`${counted(count, one, many)} ${words[change]}`);
    }
    if (table === 'mappings' && pages) parts.push(...pageParts(pages));
  }
  return parts;
}

function pageParts({ pages, mappings }: NonNullable<CheckpointDiff['pages']>): readonly string[] {
  const words = { changed: 'changed', written: 'written for the first time', dropped: 'given back', added: 'new' };
  return (['changed', 'written', 'dropped', 'added'] as const).flatMap((change) =>
    pages[change] === 0
      ? []
      : [
          `${counted(pages[change], 'page', 'pages')} ${words[change]} in ${counted(mappings[change], 'mapping', 'mappings')}`,
        ],
  );
}

function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
