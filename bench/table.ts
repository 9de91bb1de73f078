/** The contests as a table, and as the JSON that is kept. */
import { millisecondsText } from '@stillframe/core';
import { type Contest, median } from './contest.ts';
import type { Machine } from './machine.ts';

export interface Figures {
  ours: number;
  /** Undefined where the peer is missing. */
  peer: number | undefined;
  /** Ours through the peer's: below 1 is better. */
  ratio: number | undefined;
}

export function figuresOf({ ours, peer }: Contest): Figures {
  const mine = median(ours.milliseconds);
  if (peer.milliseconds.length === 0) return { ours: mine, peer: undefined, ratio: undefined };
  const theirs = median(peer.milliseconds);
  return { ours: mine, peer: theirs, ratio: mine / theirs };
}

export function renderTable(contests: readonly Contest[], { kernel, processor, disk, versions }: Machine): string {
  const head = ['', 'ours', 'peer', 'ours/peer', 'the peer is'];
  const rows = contests.map((contest) => {
    const { ours, peer, ratio } = figuresOf(contest);
    const theirs = peer === undefined ? 'missing' : millisecondsText(peer);
    return [
      contest.title,
      millisecondsText(ours),
      theirs,
      ratio === undefined ? '-' : ratio.toFixed(2),
      contest.peer.name,
    ];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column >= 1 && column <= 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  const notes = contests.filter(({ note }) => note).map(({ title, note }) => `  ${title}: ${note}`);
  const programs = Object.entries(versions).map(([name, version]) => `  ${name}: ${version}`);
  return [
    ...[head, ...rows].map((row) => row.map(pad).join('  ').trimEnd()),
    '',
    ...notes,
    '',
    `  ${processor}, ${kernel}, ${disk}`,
    ...programs,
    '',
  ].join('\n');
}

export function renderJson(contests: readonly Contest[], machine: Machine, rounds: number, at: Date): string {
  const body = contests.map((contest) => ({ ...contest, medians: figuresOf(contest) }));
  const document = {
    kind: 'BenchReport',
    schemaVersion: 1,
    at: at.toISOString(),
    unit: 'ms',
    rounds,
    machine,
    contests: body,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
