/** How long a capture may make its containers stand still, as a client of ours says beside the request. */
import { OVER_BUDGET, parsePause } from '@stillframe/core';
import type { PauseBudget } from '@stillframe/runtime';
import { MAX_PAUSE_METADATA, OVER_BUDGET_METADATA } from '../client/extensions.ts';
import { invalidRequest } from './invalid.ts';

/** Undefined where nothing is said. Throws for what is not understood: it must not be passed over. */
export function budgetOf(metadata: ReadonlyMap<string, string>): PauseBudget | undefined {
  const text = metadata.get(MAX_PAUSE_METADATA);
  const word = metadata.get(OVER_BUDGET_METADATA) ?? 'refuse';
  const overBudget = OVER_BUDGET.find((each) => each === word);
  if (!overBudget) throw invalidRequest(`metadata ${OVER_BUDGET_METADATA} is none of ${OVER_BUDGET.join(', ')}`);
  if (text === undefined) return undefined;
  const maxPause = parsePause(text);
  if (maxPause === undefined) throw invalidRequest(`metadata ${MAX_PAUSE_METADATA} is no time up to an hour`);
  return { maxPause, overBudget };
}
