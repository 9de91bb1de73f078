/** A plan's reasons in words. */
import { bytesText } from '@stillframe/core';
import type { Cause, Keeping, PlannedUnit, UnmetLimit } from './plan.ts';
import type { Level, RetainedUnit } from './rules.ts';

const GROUPS: Readonly<Record<Level, string>> = {
  container: 'its container',
  pod: 'its pod',
  namespace: 'its namespace',
  all: 'all',
};

const KEEPINGS: Readonly<Record<Keeping, string>> = {
  pinned: 'pinned',
  held: 'in use',
  future: 'dated in the future, so nothing is decided by its time',
  undated: 'without a time, so nothing is decided by it',
  newest: 'the newest one, which age and count leave',
  within: '',
};

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** `8 d`, `1.5 h`, `20 s`. */
export function ageText(milliseconds: number): string {
  const [name, length] = UNITS.find(([, each]) => milliseconds >= each) ?? ['s', 1000];
  return `${Number((milliseconds / length).toFixed(1))} ${name}`;
}

/** Why one stays or goes; empty for one that no limit reaches. Names of groups are left out: they may be hostile text. */
export function reasonText(planned: PlannedUnit<RetainedUnit>): string {
  if (!planned.goes) return planned.why === 'held' ? (planned.unit.held?.why ?? '') : KEEPINGS[planned.why];
  const { cause } = planned;
  return `${factText(cause)}${cause.newest ? `; it is the newest of ${GROUPS[cause.per]}` : ''}`;
}

function factText({ limit, per, allowed, found, taken = 0 }: Cause): string {
  if (limit === 'max-age') return `${ageText(found)} old, max-age is ${ageText(allowed)}`;
  if (limit === 'max-size') return `${bytesText(found)}, max-size is ${bytesText(allowed)}`;
  const others = taken > 0 ? `, and ${taken} of them pinned or in use` : '';
  if (limit === 'keep') return `number ${found} of ${GROUPS[per]} from the newest, keep is ${allowed}${others}`;
  const whole = per === 'all' ? 'all together have' : `${GROUPS[per]} has`;
  return `${whole} ${bytesText(found)}, max-total-size is ${bytesText(allowed)}`;
}

/** A limit that is not met, and how many are in the way. */
export function unmetText({ limit, allowed, found, because }: UnmetLimit): string {
  const text = (value: number) => (limit === 'keep' ? String(value) : bytesText(value));
  return `${limit} ${text(allowed)} is not met (${text(found)} stay): ${because.length} pinned, in use or without a time`;
}
