/** A limit on how long containers may stand still for a capture, and what happens where it does not hold. */
import { microsecondsText } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import type { PauseEstimate } from './pause-estimate.ts';

/**
 * `refuse`: nothing is frozen where the estimate is over the budget. `abort`: the freeze begins and is given up once it has lasted
 * that long. `proceed`: only recorded.
 */
export const OVER_BUDGET = ['refuse', 'abort', 'proceed'] as const;
export type OverBudget = (typeof OVER_BUDGET)[number];

export interface PauseBudget {
  /** Microseconds. */
  maxPause: number;
  overBudget: OverBudget;
}

const LONGEST = 3600_000_000;
const UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

/** `500ms`, `2s`, `1.5s`, in microseconds; undefined for anything else, and for more than an hour. */
export function parsePause(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,10}(?:\.\d{1,6})?)(us|ms|s)$/.exec(text) ?? [];
  const value = Math.round(Number(number) * (UNITS[unit] ?? Number.NaN));
  return value > 0 && value <= LONGEST ? value : undefined;
}

/** The strictest of several, as of the containers of a pod; undefined where none has one. */
export function strictest(budgets: readonly (PauseBudget | undefined)[]): PauseBudget | undefined {
  return budgets
    .filter((each) => each !== undefined)
    .sort(
      (a, b) => a.maxPause - b.maxPause || OVER_BUDGET.indexOf(a.overBudget) - OVER_BUDGET.indexOf(b.overBudget),
    )[0];
}

/** Throws ERR_CHECKPOINT_PAUSE_BUDGET where nothing is to be frozen. */
export function demandWithin({ maxPause, overBudget }: PauseBudget, estimate: PauseEstimate): void {
  if (overBudget !== 'refuse' || estimate.expected <= maxPause) return;
  const message = `a pause of ${microsecondsText(estimate.expected)} is expected, ${microsecondsText(maxPause)} are allowed`;
  throw runtimeError('ERR_CHECKPOINT_PAUSE_BUDGET', message, { details: { maxPause, ...estimate } });
}

/** A signal that aborts with ERR_CHECKPOINT_PAUSE_BUDGET once `abort`'s time is over. Disposing ends the watch. */
export function watchPause(budget: PauseBudget | undefined, signal: AbortSignal | undefined) {
  if (budget?.overBudget !== 'abort') return { signal, [Symbol.dispose]: () => undefined };
  const late = new AbortController();
  const message = `the pause was not over within ${microsecondsText(budget.maxPause)} and was given up`;
  const reason = runtimeError('ERR_CHECKPOINT_PAUSE_BUDGET', message, { details: { maxPause: budget.maxPause } });
  const timer = setTimeout(() => late.abort(reason), budget.maxPause / 1000);
  const both = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  return { signal: both as AbortSignal | undefined, [Symbol.dispose]: () => clearTimeout(timer) };
}
