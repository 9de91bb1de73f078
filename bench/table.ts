/** The contests as a table, and as the JSON that is kept. */
import { millisecondsText } from '@stillframe/core';
import { type Contest, median, type Opponent, type Unit } from './contest.ts';
import type { Machine } from './machine.ts';

export interface Judgement {
  /** Undefined where it is missing. */
  readonly theirs: number | undefined;
  /** Ours through theirs: below 1 is better. */
  readonly ratio: number | undefined;
  /** `open`: there is a bar, and nothing to hold it against. Undefined without a bar. */
  readonly verdict: 'held' | 'missed' | 'open' | undefined;
}

export function judge(ours: readonly number[], { figures, bar, void: nothing }: Opponent): Judgement {
  const mine = median(ours);
  const theirs = figures.length === 0 ? undefined : median(figures);
  const ratio = theirs === undefined || nothing !== undefined ? undefined : mine / theirs;
  if (!bar) return { theirs, ratio, verdict: undefined };
  if (theirs === undefined || ratio === undefined) return { theirs, ratio, verdict: 'open' };
  return { theirs, ratio, verdict: mine <= theirs * bar.times + (bar.plus ?? 0) ? 'held' : 'missed' };
}

const HEAD = ['', 'ours', 'theirs', 'ours/theirs', 'bar', '', 'they are'];

export function renderTable(contests: readonly Contest[], { kernel, processor, disk, versions }: Machine): string {
  const rows = contests.flatMap(({ title, unit, ours, others }) =>
    others.map((other, i) => {
      const { theirs, ratio, verdict } = judge(ours.figures, other);
      const cells = i === 0 ? [title, figureText(median(ours.figures), unit)] : ['', ''];
      const more = other.bar?.plus ? ` + ${figureText(other.bar.plus, unit)}` : '';
      return [
        ...cells,
        theirs === undefined ? 'missing' : figureText(theirs, unit),
        ratio === undefined ? '-' : ratio.toFixed(2),
        other.bar ? `${other.bar.times}${more}` : '-',
        verdict ?? '',
        other.name,
      ];
    }),
  );
  const widths = HEAD.map((_, column) => Math.max(...[HEAD, ...rows].map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column >= 1 && column <= 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  const notes = contests.flatMap(({ title, note, others }) => [
    ...(note === undefined ? [] : [`  ${title}: ${note}`]),
    ...others.flatMap((other) => (other.void === undefined ? [] : [`  ${title}, ${other.name}: ${other.void}`])),
  ]);
  const programs = Object.entries(versions).map(([name, version]) => `  ${name}: ${version}`);
  return [
    ...[HEAD, ...rows].map((row) => row.map(pad).join('  ').trimEnd()),
    '',
    ...notes,
    '',
    `  ${processor}, ${kernel}, ${disk}`,
    ...programs,
    '',
  ].join('\n');
}

function figureText(figure: number, unit: Unit): string {
  return unit === 'ms' ? millisecondsText(figure) : `${Math.round(figure)} MiB`;
}

export function renderJson(contests: readonly Contest[], machine: Machine, rounds: number, at: Date): string {
  const body = contests.map((contest) => ({
    ...contest,
    median: median(contest.ours.figures),
    others: contest.others.map((other) => ({ ...other, ...judge(contest.ours.figures, other) })),
  }));
  const document = { kind: 'BenchReport', schemaVersion: 2, at: at.toISOString(), rounds, machine, contests: body };
  return `${JSON.stringify(document, null, 2)}\n`;
}
