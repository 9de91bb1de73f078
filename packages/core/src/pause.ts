/** Limits on how long something may stand still, in the words that commands, annotations, metadata and queries share. */

/**
 * `refuse`: nothing is frozen where the estimate is over the budget. `abort`: the freeze begins and is given up once it has lasted
 * that long. `proceed`: only recorded.
 */
export const OVER_BUDGET = ['refuse', 'abort', 'proceed'] as const;
export type OverBudget = (typeof OVER_BUDGET)[number];

const LONGEST = 3600_000_000;
const UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

/** `500ms`, `2s`, `1.5s`, in microseconds; undefined for anything else, and for more than an hour. */
export function parsePause(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,10}(?:\.\d{1,6})?)(us|ms|s)$/.exec(text) ?? [];
  const value = Math.round(Number(number) * (UNITS[unit] ?? Number.NaN));
  return value > 0 && value <= LONGEST ? value : undefined;
}
