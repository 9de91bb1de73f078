/** The digest of a set of rules: what they say of themselves and look for. How they judge is of the version of Stillframe. */
import { type Digest, digestOf } from '@stillframe/core';
import type { Rule } from './rules/rule.ts';

/** The same for the same rules in the same order. */
export function rulesDigest(rules: readonly Rule[]): Digest {
  const told = rules.map(({ judge: _, ...rule }) => rule);
  const text = JSON.stringify(told, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
  });
  return digestOf(new TextEncoder().encode(text));
}
