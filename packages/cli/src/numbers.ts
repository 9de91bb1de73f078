/** Numbers as users write them: addresses and lengths. */
import { cliError } from './usage.ts';

const UNITS: Readonly<Record<string, bigint>> = { '': 1n, K: 1n << 10n, M: 1n << 20n, G: 1n << 30n, T: 1n << 40n };

/** `0x7f00`, `4096`, `64K`, `1MiB`, within 64 bits. Throws ERR_USAGE_ARGUMENT naming `option`. */
export function numberOf(text: string, option: string): bigint {
  const [, digits = '', unit = ''] = /^(0x[0-9a-f]{1,16}|[0-9]{1,20})(?:([KMGT])(?:iB)?)?$/i.exec(text.trim()) ?? [];
  const value = digits === '' ? undefined : BigInt(digits.toLowerCase()) * (UNITS[unit.toUpperCase()] ?? 1n);
  if (value !== undefined && value < 1n << 64n) return value;
  throw cliError(
    'ERR_USAGE_ARGUMENT',
    `${option} takes a number such as 4096, 0x7f00, 64K or 2T, not ${JSON.stringify(text)}`,
  );
}

/** A positive number that a plain number holds. */
export function countOf(text: string, option: string): number {
  const value = numberOf(text, option);
  if (value >= 1n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw cliError('ERR_USAGE_ARGUMENT', `${option} takes a positive number`);
}

const DURATIONS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `90s`, `30m`, `36h`, `7d`, `2w`: milliseconds. Throws ERR_USAGE_ARGUMENT naming `option`. */
export function durationOf(text: string, option: string): number {
  const [, digits = '', unit = ''] = /^([0-9]{1,6})([smhdw])$/.exec(text.trim()) ?? [];
  const length = DURATIONS[unit];
  if (length !== undefined) return Number(digits) * length;
  throw cliError(
    'ERR_USAGE_ARGUMENT',
    `${option} takes a time such as 90s, 30m, 36h or 7d, not ${JSON.stringify(text)}`,
  );
}
