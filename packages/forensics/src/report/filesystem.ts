/** Files: what the container had changed, what was open though it was deleted or never had a name, what was mounted. */
import type { Mount, RootfsChange } from '@stillframe/checkpoint';
import { bytesText } from '@stillframe/core';
import type { FileRow } from '../analysers/files.ts';
import { referenceText } from '../reference.ts';
import { html, type Markup } from './html.ts';
import { clipped, code, section, table, timeText } from './parts.ts';
import { MOST_ROWS, type ReportSource } from './source.ts';

const LONGEST = 300;

export function changesSection({ judged }: ReportSource): Markup {
  const { changes } = judged.analysis.tables;
  const isTelling = ({ flags }: RootfsChange) => flags.some((flag) => flag !== 'mountpoint');
  const first = changes.filter(isTelling).slice(0, MOST_ROWS);
  const rest = changes.filter((row) => !isTelling(row)).slice(0, MOST_ROWS - first.length);
  const columns = [
    { title: 'Path', cell: (row: RootfsChange) => code(clipped(targetOf(row), LONGEST)) },
    { title: 'Change', cell: ({ change }: RootfsChange) => change },
    { title: 'Type', cell: ({ type }: RootfsChange) => type ?? '–' },
    {
      title: 'Mode',
      cell: ({ mode }: RootfsChange) => (mode === undefined ? '–' : code(mode.toString(8).padStart(4, '0'))),
    },
    { title: 'Owner', cell: ({ uid, gid }: RootfsChange) => (uid === undefined ? '–' : `${uid}:${gid}`) },
    {
      title: 'Size',
      figures: true,
      cell: ({ type, size }: RootfsChange) => (type === 'file' && size !== undefined ? bytesText(size) : '–'),
    },
    {
      title: 'Last written',
      cell: ({ modified }: RootfsChange) => (modified === undefined ? '–' : timeText(new Date(modified * 1000))),
    },
    { title: 'Remarks', cell: ({ flags }: RootfsChange) => flags.join(', ') },
  ];
  return section(
    'changes',
    'Changes of the root filesystem',
    html`<p>What deserves a second look stands first: programs that give rights, devices, files that anybody may write.</p>`,
    table('Paths that the container had written, replaced or deleted', columns, [...first, ...rest], {
      total: changes.length,
      none: 'The checkpoint records no change: there was none, or whoever wrote it left them out.',
    }),
  );
}

function targetOf({ path, linkTarget, device }: RootfsChange): string {
  if (linkTarget !== undefined) return `${path} → ${linkTarget}`;
  return device === undefined ? path : `${path} (${device})`;
}

export function deletedSection({ judged }: ReportSource): Markup {
  const { files, processes } = judged.analysis.tables;
  const names = new Map(processes.map(({ pid, name }) => [pid, name ?? '?']));
  const rows = files.filter(({ target }) => target.type === 'memfd' || (target.type === 'file' && target.deleted));
  const columns = [
    { title: 'File', cell: ({ target }: FileRow) => code(clipped(nameOf(target), LONGEST)) },
    {
      title: 'Held by',
      cell: ({ pid, fd }: FileRow) => `${pid} ${names.get(pid) ?? '?'}, ${typeof fd === 'number' ? `fd ${fd}` : fd}`,
    },
    {
      title: 'Size',
      figures: true,
      cell: ({ target }: FileRow) =>
        'size' in target && target.size !== undefined ? bytesText(Number(target.size)) : '–',
    },
    { title: 'Content', cell: ({ target }: FileRow) => contentOf(target) },
    { title: 'Reference', cell: ({ pid, fd }: FileRow) => code(referenceText({ kind: 'fd', pid, fd })) },
  ];
  return section(
    'deleted',
    'Open files without a name',
    html`<p>Deleted while somebody had them open, or never anywhere but in memory. Their content went into the checkpoint where it says so.</p>`,
    table('Deleted files and memory files', columns, rows.slice(0, MOST_ROWS), { total: rows.length }),
  );
}

function nameOf(target: FileRow['target']): string {
  if (target.type === 'memfd') return `memfd:${target.name ?? '?'}`;
  return target.type === 'file' ? target.path : target.type;
}

function contentOf(target: FileRow['target']): string {
  if (target.type === 'memfd') return 'in the checkpoint';
  if (target.type !== 'file') return '–';
  const { kept } = target;
  if (kept?.how === 'ghost') return kept.present ? 'in the checkpoint' : 'missing from the checkpoint';
  if (kept?.how === 'link') return 'by another name of the file';
  return 'not kept';
}

export function mountsSection({ judged }: ReportSource): Markup {
  const { mounts } = judged.analysis.tables;
  const columns = [
    { title: 'Mountpoint', cell: ({ mountpoint }: Mount) => code(clipped(mountpoint, LONGEST)) },
    { title: 'Type', cell: ({ type }: Mount) => clipped(type, 40) },
    { title: 'Kind', cell: ({ role }: Mount) => role },
    {
      title: 'From',
      cell: ({ spec, source, role }: Mount) =>
        code(clipped(role === 'external' && spec?.source ? spec.source : source, LONGEST)),
    },
    { title: 'Flags', cell: ({ flagNames }: Mount) => flagNames.join(', ') },
  ];
  return section(
    'mounts',
    'Mounts',
    table('In the order in which they were mounted', columns, mounts.toReversed().slice(0, MOST_ROWS), {
      total: mounts.length,
    }),
  );
}
