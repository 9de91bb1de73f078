/** Facts in one line each, and bits by their names. */
import { type BitNames, signalName } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import type { Style } from '../display/style.ts';
import type { TreeNode } from '../display/tree.ts';

/** `name: value`, or nothing where there is no value. */
export function fact(name: string, value: string | number | bigint | undefined, style: Style): TreeNode[] {
  return value === undefined || value === '' ? [] : [{ label: `${style.dim(`${name}:`)} ${harmless(String(value))}` }];
}

/** Names of bits, unknown ones by number; undefined where none is set. */
export function bitsText({ names, unknown }: BitNames): string | undefined {
  const all = [...names, ...unknown.map((bit) => `bit ${bit}`)];
  return all.length === 0 ? undefined : all.join(', ');
}

/** All but the two that cannot be blocked. */
const SIGNALS = Array.from({ length: 64 }, (_, index) => signalName(index + 1)).filter(
  (name) => name !== 'SIGKILL' && name !== 'SIGSTOP',
);

/** Names with commas; where most are in the set, those that are not. `-` for none. */
export function signalsText(names: readonly string[]): string {
  if (names.length <= SIGNALS.length / 2) return names.join(',') || '-';
  const others = SIGNALS.filter((name) => !names.includes(name));
  return others.length === 0 ? 'all' : `all but ${others.join(',')}`;
}
