/** Spans of time in nanoseconds: moved, widened, and marked where people would mark them. */
import type { Span as SpanText } from '@stillframe/server/contract';

export interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

const SECOND = 1_000_000_000n;
const [MINUTE, HOUR, DAY] = [60n * SECOND, 3600n * SECOND, 86_400n * SECOND];
/** The narrowest, and the farthest from 1970 that is asked for. */
const [NARROWEST, FARTHEST] = [1000n, 8_000_000_000_000_000_000_000n];

export function spanOf({ from, to }: SpanText): Span {
  return { from: BigInt(from), to: BigInt(to) };
}

/** Where a time stands in a span: 0 at its begin, 1 at its end. */
export function shareOf(time: bigint, { from, to }: Span): number {
  return Number(time - from) / Number(to - from);
}

/** The time at a share of a span. */
function timeAt(share: number, { from, to }: Span): bigint {
  return from + (BigInt(Math.round(share * 1e6)) * (to - from)) / 1_000_000n;
}

/** The part between two shares; no narrower than can be told. */
export function partOf(span: Span, first: number, second: number): Span {
  const [from, to] = [timeAt(Math.min(first, second), span), timeAt(Math.max(first, second), span)];
  if (to - from >= NARROWEST) return bounded({ from, to });
  const middle = (from + to) / 2n;
  return bounded({ from: middle - NARROWEST / 2n, to: middle + NARROWEST / 2n });
}

function bounded({ from, to }: Span): Span {
  return { from: from < -FARTHEST ? -FARTHEST : from, to: to > FARTHEST ? FARTHEST : to };
}

const STEPS = [
  ...[1n, 2n, 5n, 10n, 20n, 50n, 100n, 200n, 500n].map((count) => count),
  ...[1n, 2n, 5n, 10n, 20n, 50n, 100n, 200n, 500n].map((count) => count * 1000n),
  ...[1n, 2n, 5n, 10n, 20n, 50n, 100n, 200n, 500n].map((count) => count * 1_000_000n),
  ...[1n, 2n, 5n, 10n, 15n, 30n].map((count) => count * SECOND),
  ...[1n, 2n, 5n, 10n, 15n, 30n].map((count) => count * MINUTE),
  ...[1n, 2n, 3n, 6n, 12n].map((count) => count * HOUR),
  ...[1n, 2n, 7n, 14n, 30n, 90n, 182n, 365n, 730n, 1825n, 3650n, 36_500n].map((count) => count * DAY),
];

export interface Tick {
  readonly share: number;
  readonly text: string;
}

/** At most so many marks at round times. */
export function ticksOf(span: Span, most: number): readonly Tick[] {
  const width = span.to - span.from;
  const step = STEPS.find((each) => width / each < BigInt(most)) ?? STEPS.at(-1) ?? DAY;
  const ticks: Tick[] = [];
  const past = ((span.from % step) + step) % step;
  for (
    let time = past === 0n ? span.from : span.from - past + step;
    time < span.to && ticks.length <= most;
    time += step
  )
    ticks.push({ share: shareOf(time, span), text: tickText(time, step) });
  return ticks;
}

/** As much of a time as its neighbours do not share. */
function tickText(time: bigint, step: bigint): string {
  const text = momentText(time);
  if (step >= DAY) return text.slice(0, 10);
  if (step >= MINUTE) return text.slice(11, 16);
  if (step >= SECOND) return text.slice(11, 19);
  const digits = step >= 1_000_000n ? 3 : step >= 1000n ? 6 : 9;
  return `${text.slice(17, 20)}${text.slice(20, 20 + digits)} s`;
}

/** `2026-11-26 20:09:10.333431000`, UTC; nothing of it is rounded. */
export function momentText(time: bigint): string {
  const fraction = ((time % SECOND) + SECOND) % SECOND;
  const date = new Date(Number((time - fraction) / 1_000_000n));
  if (Number.isNaN(date.getTime())) return '?'.padEnd(29);
  // Years before 1 and after 9999 have a sign and six digits.
  const [day = '', clock = ''] = date
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .split('T');
  return `${day.slice(-10)} ${clock}.${String(fraction).padStart(9, '0')}`;
}

/** `3 days`, `12 ms`: about how long. */
export function lengthText({ from, to }: Span): string {
  const width = to - from;
  const units = [
    [365n * DAY, 'years'],
    [DAY, 'days'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
    [SECOND, 's'],
    [1_000_000n, 'ms'],
    [1000n, 'µs'],
  ] as const;
  const [unit, word] = units.find(([each]) => width >= each) ?? [1n, 'ns'];
  const count = Number((width * 10n) / unit) / 10;
  return `${count >= 100 ? Math.round(count) : count} ${word}`;
}
