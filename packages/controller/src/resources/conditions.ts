/** Conditions (`metav1.Condition`): one fact each, and since when it holds. */
import { harmless } from '@stillframe/core';
import { timeText } from '../clock.ts';
import type { Condition } from './shared.ts';

export interface Fact {
  readonly type: string;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

const LONGEST = 1000;

/** The conditions with this fact; the others, and the time where its status is the same, stay. */
export function withFact(
  conditions: readonly Condition[] | undefined,
  fact: Fact,
  { now, generation }: { now: number; generation: number },
): readonly Condition[] {
  const known = conditions?.find(({ type }) => type === fact.type);
  const lastTransitionTime = known && known.status === fact.status ? known.lastTransitionTime : timeText(now);
  const message = bounded(fact.message);
  const fresh: Condition = { ...fact, message, lastTransitionTime, observedGeneration: generation };
  const others = (conditions ?? []).filter(({ type }) => type !== fact.type);
  return [...others, fresh].sort((a, b) => (a.type < b.type ? -1 : 1));
}

/** One line that can do no harm where it is shown. */
export function bounded(text: string): string {
  return harmless(text.slice(0, LONGEST)).slice(0, 2 * LONGEST);
}

export function factOf(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}
