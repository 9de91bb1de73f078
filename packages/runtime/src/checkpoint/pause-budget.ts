/** A limit on how long containers may stand still for a capture, and what happens where it does not hold. */
import { microsecondsText, OVER_BUDGET, type OverBudget } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import type { PauseEstimate } from './pause-estimate.ts';

export interface PauseBudget {
  /** Microseconds. */
  maxPause: number;
  overBudget: OverBudget;
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
