/** The rows as a table and as a tree. Every text of the evidence is made harmless here. */
import type { FileLock, Queued } from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import { clipped } from '../display/clipped.ts';
import type { Style } from '../display/style.ts';
import type { TreeNode } from '../display/tree.ts';
import { holdersText } from './holders.ts';
import type { FileRow, PipeView } from './row.ts';
import { targetFacts } from './target-facts.ts';

/** Characters of a process's name (the kernel has 15), and of a path in the table (PATH_MAX). */
const NAME = 32;
const PATH = 4096;

const right = 'right' as const;

/** Columns of the table, after those of lsof(8). */
export const COLUMNS = [
  { title: 'PID', cell: ({ pid }: FileRow) => (pid === undefined ? '-' : String(pid)), align: right },
  { title: 'PROCESS', cell: ({ comm }: FileRow) => harmless(clipped(comm ?? '-', NAME)) },
  { title: 'FD', cell: ({ fd }: FileRow) => String(fd), align: right },
  { title: 'TYPE', cell: ({ type }: FileRow) => type },
  { title: 'FLAGS', cell: flagsText },
  { title: 'HELD', cell: ({ holders }: FileRow) => String(holders.count || '-'), align: right },
  { title: 'SIZE', cell: ({ size }: FileRow) => numberText(size), align: right },
  { title: 'POS', cell: ({ position }: FileRow) => numberText(position), align: right },
  { title: 'NAME', cell: nameText },
];

const numberText = (value: bigint | undefined) => (value === undefined ? '-' : String(value));

const ACCESS: Readonly<Record<string, string>> = { O_RDONLY: 'r', O_WRONLY: 'w', O_RDWR: 'rw', O_ACCMODE: '-' };

/** `rw,append,cloexec`; O_LARGEFILE, which nearly every file has, is left to the JSON. */
function flagsText({ fd, flags, closeOnExec }: FileRow): string {
  if (typeof fd === 'string' && fd !== 'message') return '-';
  const words = (flags ?? [])
    .filter((name) => name !== 'O_LARGEFILE')
    .map((name) => ACCESS[name] ?? name.replace(/^O_/, '').toLowerCase());
  return [...words, ...(closeOnExec ? ['cloexec'] : [])].join(',') || '-';
}

function nameText(row: FileRow): string {
  const parts = [
    row.pipe && pipeText(row.pipe, row.flags),
    peerText(row),
    ...row.locks.map(lockText),
    inFlightText(row),
  ];
  return harmless([clipped(row.name, PATH), ...parts.filter((part) => part !== undefined)].join('  '));
}

/** `→ 6/3, 11 B queued`: the other end as seen from this one. */
function pipeText({ readers, writers, queued, capacity }: PipeView, flags: readonly string[] | undefined): string {
  const ends = [
    ...(flags?.includes('O_WRONLY') ? [] : [`← ${holdersText(writers) ?? 'no writer here'}`]),
    ...(flags?.includes('O_RDONLY') ? [] : [`→ ${holdersText(readers) ?? 'no reader here'}`]),
  ];
  return `${ends.join(' ')}, ${queuedText(queued)} queued${capacity === undefined ? '' : ` of ${bytesText(capacity)}`}`;
}

/** `11 B`; why it is not known where it is not. */
function queuedText(queued: Queued): string {
  return queued.state === 'present' ? bytesText(queued.bytes) : `unknown (${queued.reason})`;
}

function peerText({ peer }: FileRow): string | undefined {
  if (!peer) return undefined;
  const holders = peer.holders && holdersText(peer.holders);
  if (peer.place === 'outside') return '↔ outside of the checkpoint';
  const end = holders ?? 'an end that no fd leads to';
  return peer.place === 'here' ? `↔ ${end}` : `→ ${end}${peer.place === 'listener' ? ', not accepted yet' : ''}`;
}

/** `lock posix write 10-29`. */
function lockText({ kind, access, breaking, mandatory, start, length }: FileLock): string {
  const range = length === undefined ? `${start}-end` : `${start}-${start + length - 1n}`;
  const whole = start === 0n && length === undefined;
  const words = ['lock', kind, access, whole ? '' : range, breaking ? 'breaking' : '', mandatory ? 'mandatory' : ''];
  return words.filter((word) => word !== '').join(' ');
}

function inFlightText({ inFlightTo }: FileRow): string | undefined {
  if (!inFlightTo) return undefined;
  const [first] = inFlightTo.some;
  const to = (first && holdersText(first.holders)) ?? 'a socket that no fd leads to';
  return `in flight to ${to}${inFlightTo.count > 1 ? ` and ${inFlightTo.count - 1} more` : ''}`;
}

/** A process with its rows. */
export function processNode(pid: number | undefined, comm: string | undefined, rows: readonly FileRow[], style: Style) {
  const label = pid === undefined ? 'in messages to nobody here' : `${style.dim(`[${pid}]`)} ${harmless(comm ?? '?')}`;
  return { label: style.bold(label), children: rows.map((row) => rowNode(row, style)) };
}

function rowNode(row: FileRow, style: Style): TreeNode {
  const facts = [
    ...(row.flags && typeof row.fd === 'number' ? [`open: ${flagsText(row)}`] : []),
    ...(row.size === undefined ? [] : [`size ${row.size}, position ${numberText(row.position)}`]),
    ...(row.pipe ? [`pipe: ${pipeText(row.pipe, row.flags)}`] : []),
    ...(row.peer ? [`other end: ${peerText(row)}`] : []),
    ...(row.owner ? [`owner: ${ownerText(row.owner)}`] : []),
    ...row.locks.map(lockText),
    ...(row.holders.count > 1 ? [`shared by ${row.holders.count}: ${holdersText(row.holders, 8)}`] : []),
    ...(row.inFlightTo ? [inFlightText(row) ?? ''] : []),
    ...(row.target ? targetFacts(row.target) : []),
    ...(row.sameAs && row.holders.count > 1 ? [`the same open file as ${row.sameAs.pid ?? '-'}/${row.sameAs.fd}`] : []),
  ];
  const label = `${String(row.fd).padStart(4)}  ${row.type}  ${harmless(row.name)}`;
  return { label, children: facts.map((fact) => ({ label: style.dim(harmless(fact)) })) };
}

/** `SIGIO to process 7`. */
export function ownerText({ who, id, signal }: NonNullable<FileRow['owner']>): string {
  return id === undefined ? `${signal} to nobody` : `${signal} to ${who ?? 'unknown'} ${id}`;
}
