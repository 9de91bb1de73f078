/** Details of a finding as all outputs tell them: commands in them lose what looks secret, as arguments do. */
import { redactArguments } from '@stillframe/core';

/** Levels that are told; rules make two or three. */
const DEEPEST = 8;

/** The same shape, as plain JSON: 64-bit numbers are texts. */
export function toldDetails(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return told(details, 0) as Readonly<Record<string, unknown>>;
}

function told(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return redactArguments(value.split(' ')).join(' ');
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((each) => told(each, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, told(each, depth + 1)]));
}
