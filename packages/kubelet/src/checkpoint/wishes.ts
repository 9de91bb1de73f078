/** Parameters of `/checkpoint` that are ours: a kubelet looks at none of them, and only our own runtime can do what they say. */
import { harmless, OVER_BUDGET, parsePause } from '@stillframe/core';
import type { CaptureBudget, CaptureWishes, CriClient } from '@stillframe/cri/client';
import { type Answer, text } from '../http/answer.ts';

/** The wishes, or the answer to who asks for what makes no sense or what this runtime would pass over without a word. */
export function wishesOf({ version }: Pick<CriClient, 'version'>, query: URLSearchParams): CaptureWishes | Answer {
  const [rootfs, maxPause, overBudget] = ['rootfs', 'maxPause', 'overBudget'].map((name) => query.getAll(name).at(-1));
  if (rootfs !== undefined && rootfs !== 'frozen' && rootfs !== 'live')
    return text(400, 'rootfs is neither frozen nor live');
  const budget = budgetOf(maxPause, overBudget);
  if (typeof budget === 'string') return text(400, budget);
  const [asked] = [rootfs && 'rootfs', budget && 'maxPause'].filter((name) => name !== undefined);
  if (asked !== undefined && version.runtimeName !== 'stillframe')
    return text(400, `${harmless(version.runtimeName)} has no choice of ${asked}`);
  return { rootfs, budget };
}

/** A text says what is wrong. */
function budgetOf(maxPause: string | undefined, word = 'refuse'): CaptureBudget | string | undefined {
  const overBudget = OVER_BUDGET.find((each) => each === word);
  if (overBudget === undefined) return `overBudget is none of ${OVER_BUDGET.join(', ')}`;
  if (maxPause === undefined) return word === 'refuse' ? undefined : 'overBudget needs maxPause';
  if (parsePause(maxPause) === undefined) return 'maxPause is no time up to an hour, as 500ms or 2s';
  return { maxPause, overBudget };
}
