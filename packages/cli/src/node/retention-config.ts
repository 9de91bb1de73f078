/** The section `retention` of the node's configuration: the flags of `stillframe checkpoints prune`, a list of rules of them. */
import { LEVELS, limitsAnything, type RetentionPolicy, type RetentionRule } from '@stillframe/checkpoint';
import { messageOf } from '@stillframe/core';
import { ConfigFault, flag, group, list, oneOf, type Read, type Reader, whole } from '@stillframe/core/schema';
import { countOf, durationOf } from '../numbers.ts';
import { addressOf } from '../retention/options.ts';

/** A text with a unit, as flags have it. */
function quantity<T>(of: (text: string, name: string) => T): Reader<T> {
  return (value, where) => {
    try {
      return of(typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '', where);
    } catch (cause) {
      throw new ConfigFault(messageOf(cause), { cause });
    }
  };
}

const rule = group({
  per: oneOf(...LEVELS),
  of: quantity(addressOf),
  keep: whole(1, 1_000_000),
  maxAge: quantity(durationOf),
  maxSize: quantity(countOf),
  maxTotalSize: quantity(countOf),
});

export const retention = group({
  pinsCount: flag,
  /** Each works on what those before it leave. */
  rules: list(limitingRule),
});

function limitingRule(value: unknown, where: string): RetentionRule {
  const { per = 'container', ...limits } = rule(value, where);
  const found: RetentionRule = { per, ...limits };
  if (limitsAnything({ rules: [found] })) return found;
  throw new ConfigFault(`${where} limits nothing: give keep, maxAge, maxSize or maxTotalSize`);
}

/** The policy; undefined where there are no rules. */
export function retentionPolicy({ pinsCount, rules = [] }: Read<typeof retention> = {}): RetentionPolicy | undefined {
  return rules.length > 0 ? { rules, pinsCount } : undefined;
}
