/** Jumps that lead out of code: what hooks of functions are made of on x86-64. */
import { viewOf } from '@stillframe/core';

/** A jump to an address that stands in it. */
export interface Jump {
  /** Where in the bytes it begins. */
  readonly offset: number;
  readonly target: bigint;
}

/** Bytes of the longest form. */
const LONGEST_JUMP = 14;

/**
 * Jumps to absolute addresses: `movabs r, target; jmp r` (or call), `jmp [rip+0]` with the target behind it, `movabs` and `push`,
 * `ret`. Compilers make none of them in code that can be moved.
 */
export function absoluteJumps(bytes: Uint8Array): readonly Jump[] {
  const found: Jump[] = [];
  const view = viewOf(bytes);
  const at = (index: number) => bytes[index] ?? 0;
  for (let offset = 0; offset + 12 <= bytes.length; offset += 1) {
    const first = at(offset);
    if (first === 0xff && at(offset + 1) === 0x25 && offset + 14 <= bytes.length && view.getUint32(offset + 2) === 0)
      found.push({ offset, target: view.getBigUint64(offset + 6, true) });
    if ((first !== 0x48 && first !== 0x49) || at(offset + 1) < 0xb8 || at(offset + 1) > 0xbf) continue;
    if (isJumpBy(bytes, offset + 10, at(offset + 1) - 0xb8, first === 0x49))
      found.push({ offset, target: view.getBigUint64(offset + 2, true) });
  }
  return found;
}

/** `jmp r`, `call r`, or `push r; ret`. */
function isJumpBy(bytes: Uint8Array, at: number, register: number, isHigh: boolean): boolean {
  if (isHigh && bytes[at] !== 0x41) return false;
  const [operation, operand] = isHigh ? [bytes[at + 1], bytes[at + 2]] : [bytes[at], bytes[at + 1]];
  if (operation === 0xff) return operand === 0xe0 + register || operand === 0xd0 + register;
  return operation === 0x50 + register && operand === 0xc3;
}

/** Where a changed place leads to: an absolute jump at its start, or a relative one (`jmp`, `call`). */
export function jumpAt(bytes: Uint8Array, address: bigint): bigint | undefined {
  const [jump] = absoluteJumps(bytes.subarray(0, LONGEST_JUMP));
  if (jump?.offset === 0) return jump.target;
  if ((bytes[0] !== 0xe9 && bytes[0] !== 0xe8) || bytes.length < 5) return undefined;
  return BigInt.asUintN(64, address + 5n + BigInt(viewOf(bytes).getInt32(1, true)));
}
