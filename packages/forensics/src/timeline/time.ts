/** Times as nanoseconds since 1970, from and to text. */
import type { Precision } from './event.ts';

const SECOND = 1_000_000_000n;
/** Milliseconds that a Date holds on either side of 1970. */
const MOST = 8.64e15;

/** A time with the precision that it was written in. */
export interface ReadTime {
  readonly time: bigint;
  readonly precision: Precision;
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339, as engines write it; undefined for anything else. */
export function readTime(text: string | undefined): ReadTime | undefined {
  const parts = text === undefined ? undefined : RFC3339.exec(text);
  if (!parts) return undefined;
  const [, whole = '', fraction = '', zone = 'Z'] = parts;
  const milliseconds = Date.parse(`${whole}${zone}`);
  if (Number.isNaN(milliseconds) || !isInCalendar(whole)) return undefined;
  return {
    time: BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0')),
    precision: precisionOf(fraction.length),
  };
}

/** Date takes the 31st of February for the 3rd of March. */
function isInCalendar(whole: string): boolean {
  return new Date(`${whole}Z`).toISOString().startsWith(whole);
}

function precisionOf(digits: number): Precision {
  if (digits === 0) return 'seconds';
  return digits <= 3 ? 'milliseconds' : digits <= 6 ? 'microseconds' : 'nanoseconds';
}

/** Seconds since 1970 as archives have them; undefined for what no date holds. */
export function secondsTime(seconds: number | undefined): ReadTime | undefined {
  if (seconds === undefined || !(Math.abs(seconds) * 1000 <= MOST)) return undefined;
  const whole = Math.floor(seconds);
  // A number has room for microseconds and not for more.
  const micros = Math.round((seconds - whole) * 1e6);
  return {
    time: BigInt(whole) * SECOND + BigInt(micros) * 1000n,
    precision: Number.isInteger(seconds) ? 'seconds' : 'microseconds',
  };
}

/** `2026-01-01T00:00:00.123456`, UTC, with so many digits; undefined for what no date holds. */
export function isoTime(time: bigint, digits = 6): string | undefined {
  const fraction = ((time % SECOND) + SECOND) % SECOND;
  const milliseconds = Number((time - fraction) / 1_000_000n);
  if (Math.abs(milliseconds) > MOST) return undefined;
  const whole = new Date(milliseconds).toISOString().replace(/\.\d+Z$/, '');
  return `${whole}.${fraction.toString().padStart(9, '0').slice(0, digits)}`;
}
