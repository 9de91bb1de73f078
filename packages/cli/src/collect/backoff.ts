/** When to try again: pauses that double and are random, so that the collectors of many nodes do not come at one moment. */

/** Milliseconds: the longest first pause, and the longest of all. */
const FIRST = 1_000;
const LONGEST = 300_000;

/** Milliseconds before the try that follows `failures` (1 or more) in a row: between half of what it may be and all of it. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const most = Math.min(LONGEST, FIRST * 2 ** Math.min(failures - 1, 20));
  return most / 2 + (random() * most) / 2;
}
