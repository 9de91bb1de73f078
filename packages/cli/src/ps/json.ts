/** The model of `ps` as JSON has it: addresses, registers and masks as `0x…`, whose bits matter and not their amount. */
import { hexAddress } from '@stillframe/core';
import type { TaskView } from './model.ts';

/** Members that are addresses or masks wherever they stand. */
const HEXADECIMAL = new Set([
  ...['address', 'handler', 'restorer', 'mask', 'instructionPointer', 'stackPointer', 'tls', 'clearTid', 'value'],
]);

/** A document or line of one process. */
export function jsonOf(view: TaskView): object {
  const { detail, ...rest } = view;
  if (!detail) return readable(rest) as object;
  const registers = detail.registers.map(({ general, ...others }) => ({
    ...(readable(others) as object),
    general: Object.fromEntries(general.map(([name, value]) => [name, hexAddress(value)])),
  }));
  return { ...(readable(rest) as object), registers, seccomp: readable(detail.seccomp) };
}

function readable(value: unknown, key = ''): unknown {
  if (typeof value === 'bigint') return HEXADECIMAL.has(key) ? hexAddress(value) : value;
  if (Array.isArray(value)) return value.map((each) => readable(each, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, readable(each, name)]));
}
