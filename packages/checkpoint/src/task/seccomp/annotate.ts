/** What each instruction of a seccomp filter is about: system calls, machines, arguments and answers by their names. */
import { auditArchName, syscallName, X32_BIT } from '../syscalls.ts';
import { actionText } from './action.ts';
import { Class, classOf, type Instruction, Jump, Mode, modeOf, operationOf, SOURCE_X } from './instruction.ts';

/** An instruction with a comment, where there is something to say. */
export interface AnnotatedInstruction extends Instruction {
  /** `openat`; `arch`; `ERRNO(EPERM)`. */
  readonly comment: string | undefined;
}

/** A field of seccomp_data that the accumulator holds: its offset there. Undefined: something else. */
type Held = number | undefined;
/** What is known on the way to an instruction. `arches`: those that the call can have; undefined for any. */
interface Known {
  held: Held;
  arches: ReadonlySet<number> | undefined;
}

/** Offsets in seccomp_data of a little-endian machine. */
const NUMBER = 0;
const ARCH = 4;
const POINTER = 8;
const ARGUMENTS = 16;
const END = 64;

/**
 * Comments a program. All jumps lead forward, so one pass knows for each instruction what the accumulator may hold.
 * `native`: AUDIT_ARCH of calls where the program does not ask for it.
 */
export function annotate(program: readonly Instruction[], native: number | undefined): readonly AnnotatedInstruction[] {
  const states: (Known | undefined)[] = [{ held: undefined, arches: undefined }];
  return program.map((instruction) => {
    const known = states[instruction.index];
    if (!known) return { ...instruction, comment: 'never reached' };
    for (const [target, after] of successors(instruction, known)) {
      if (target < program.length) states[target] = merged(states[target], after);
    }
    return { ...instruction, comment: commentOf(instruction, known, native) };
  });
}

function successors({ index, code, jt, jf, k }: Instruction, known: Known): (readonly [number, Known])[] {
  const next = index + 1;
  switch (classOf(code)) {
    case Class.RET:
      return [];
    case Class.LD:
      return [[next, { ...known, held: modeOf(code) === Mode.ABS ? k : undefined }]];
    case Class.ALU:
      return [[next, { ...known, held: undefined }]];
    case Class.MISC:
      return [[next, code === 0x07 ? known : { ...known, held: undefined }]];
    case Class.JMP: {
      if (operationOf(code) === Jump.JA) return [[next + k, known]];
      const asked = known.held === ARCH && operationOf(code) === Jump.JEQ && (code & SOURCE_X) === 0;
      const others = known.arches && new Set([...known.arches].filter((arch) => arch !== k));
      return [
        [next + jt, asked ? { ...known, arches: new Set([k]) } : known],
        [next + jf, asked ? { ...known, arches: others } : known],
      ];
    }
    default:
      return [[next, known]];
  }
}

function merged(a: Known | undefined, b: Known): Known {
  if (!a) return b;
  const arches = a.arches && b.arches && a.arches.size + b.arches.size < 64 ? a.arches.union(b.arches) : undefined;
  return { held: a.held === b.held ? a.held : undefined, arches };
}

function commentOf({ code, k }: Instruction, { held, arches }: Known, native: number | undefined): string | undefined {
  switch (classOf(code)) {
    case Class.LD:
      return modeOf(code) === Mode.ABS ? fieldName(k) : undefined;
    case Class.RET:
      return (code & 0x18) === 0 ? actionText(k) : undefined;
    case Class.JMP:
      if (operationOf(code) === Jump.JA || (code & SOURCE_X) !== 0) return undefined;
      if (held === ARCH) return auditArchName(k);
      return held === NUMBER ? callComment(operationOf(code), k, callNames(k, arches, native)) : undefined;
    default:
      return undefined;
  }
}

/** `openat`; for a comparison of order, from which call on it holds. */
function callComment(operation: number, number: number, names: string | undefined): string | undefined {
  if (number === X32_BIT) return 'x32';
  if (operation === Jump.JSET) return undefined;
  if (operation === Jump.JEQ || names === undefined) return names;
  return `${operation === Jump.JGT ? 'after' : 'from'} ${names}`;
}

/** One name where all machines agree or there is but one; otherwise each with its machine. */
function callNames(number: number, arches: ReadonlySet<number> | undefined, native: number | undefined) {
  const asked = arches && arches.size > 0 ? [...arches] : native === undefined ? [] : [native];
  const named = asked.map((arch) => ({ arch, name: syscallName(arch, number) })).filter(({ name }) => name);
  const names = new Set(named.map(({ name }) => name));
  if (names.size <= 1) return [...names][0];
  return named.map(({ arch, name }) => `${auditArchName(arch)}:${name}`).join(' ');
}

function fieldName(offset: number): string | undefined {
  const half = offset % 8 === 0 ? 'low' : 'high';
  if (offset === NUMBER) return 'call';
  if (offset === ARCH) return 'arch';
  if (offset === POINTER || offset === POINTER + 4) return `instruction pointer, ${half} half`;
  if (offset < ARGUMENTS || offset >= END || offset % 4 !== 0) return undefined;
  return `argument ${Math.floor((offset - ARGUMENTS) / 8)}, ${half} half`;
}
