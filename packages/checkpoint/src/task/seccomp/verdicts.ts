/** What a chain of seccomp filters answers to each system call, found by running it with all arguments unknown. */
import { auditArchName, type SyscallTable, syscallTable } from '../syscalls.ts';
import { actionText, stricter } from './action.ts';
import { Class, classOf, type Instruction, Jump, Mode, modeOf, operationOf, SOURCE_X } from './instruction.ts';

/** Answers of a chain, for the calls of one machine. */
export interface Verdicts {
  /** `x86_64`. */
  readonly arch: string;
  /** The answer to numbers that no call has. */
  readonly otherwise: string;
  /** Calls by answer: `ALLOW`, `ERRNO(EPERM)`. */
  readonly actions: readonly { readonly action: string; readonly calls: readonly string[] }[];
  /** Calls of which the arguments decide, with all that may be answered. */
  readonly conditional: readonly { readonly call: string; readonly actions: readonly string[] }[];
}

/** Instructions run for one chain: a sound one takes a tenth of a million. */
const BUDGET = 5_000_000;
/** A number that no machine gives to a call. */
const NO_CALL = 0x3fffffff;

/**
 * Runs the filters, newest first, for every call of `arch`. Undefined where the machine has no table here, or where the
 * programs take more steps than sound ones do.
 */
export function verdictsOf(programs: readonly (readonly Instruction[])[], arch: number): Verdicts | undefined {
  const name = auditArchName(arch);
  const table = name === undefined ? undefined : tableOf(name);
  if (name === undefined || !table) return undefined;
  const budget = { steps: BUDGET };
  const actions = new Map<string, string[]>();
  const conditional: { call: string; actions: readonly string[] }[] = [];
  for (const [number, call] of table) {
    const answers = answersOf(programs, { number, arch }, budget);
    if (!answers) return undefined;
    const [only = '', ...others] = answers;
    if (others.length > 0) conditional.push({ call, actions: answers });
    else actions.set(only, [...(actions.get(only) ?? []), call]);
  }
  const otherwise = answersOf(programs, { number: NO_CALL, arch }, budget);
  if (!otherwise) return undefined;
  return {
    arch: name,
    otherwise: otherwise.join(' or '),
    actions: [...actions].map(([action, calls]) => ({ action, calls })),
    conditional,
  };
}

function tableOf(name: string): ReadonlyMap<number, string> | undefined {
  const known: readonly string[] = ['x86_64', 'x86', 'aarch64', 'arm', 'riscv64'] satisfies SyscallTable[];
  return known.includes(name) ? syscallTable(name as SyscallTable) : undefined;
}

interface Call {
  number: number;
  arch: number;
}

/** All answers of a chain, as texts, each once; undefined where the budget is used up. */
function answersOf(
  programs: readonly (readonly Instruction[])[],
  call: Call,
  budget: { steps: number },
): readonly string[] | undefined {
  let values: ReadonlySet<number> | undefined;
  for (const program of programs) {
    const own = run(program, call, budget);
    if (!own) return undefined;
    const before: ReadonlySet<number> | undefined = values;
    values = before ? new Set([...before].flatMap((newer) => [...own].map((older) => stricter(newer, older)))) : own;
  }
  const texts = new Set([...(values ?? [])].map(actionText));
  return texts.size > 0 ? [...texts].sort() : ['no answer'];
}

/** Answers of one program. What is not known of the accumulator makes both ways of a comparison possible. */
function run(program: readonly Instruction[], call: Call, budget: { steps: number }): Set<number> | undefined {
  const answers = new Set<number>();
  const seen = new Set<string>();
  const waiting: [at: number, held: number | undefined][] = [[0, 0]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    let [at, held] = next;
    // The kernel takes no program that runs past its end.
    for (let instruction = program[at]; instruction; instruction = program[at]) {
      budget.steps -= 1;
      if (budget.steps < 0) return undefined;
      if (classOf(instruction.code) === Class.RET) {
        const answer = answerOf(instruction, held);
        if (answer !== undefined) answers.add(answer);
        break;
      }
      held = accumulator(instruction, held, call);
      const [first, second] = targetsOf(instruction, held);
      if (second !== undefined) {
        const key = `${at}:${held ?? ''}`;
        if (seen.has(key)) break;
        seen.add(key);
        waiting.push([second, held]);
      }
      at = first;
    }
  }
  return answers;
}

function answerOf({ code, k }: Instruction, held: number | undefined): number | undefined {
  return (code & 0x18) === 0 ? k : (code & 0x18) === 0x10 ? held : undefined;
}

/** Where it goes on: two places where the comparison may hold or not. */
function targetsOf(instruction: Instruction, held: number | undefined): [number, number?] {
  const { index, code, jt, jf, k } = instruction;
  const next = index + 1;
  if (classOf(code) !== Class.JMP) return [next];
  if (operationOf(code) === Jump.JA) return [next + k];
  const holds = compared(instruction, held);
  if (holds === undefined) return [next + jt, next + jf];
  return [next + (holds ? jt : jf)];
}

/** The accumulator after an instruction; undefined where it depends on arguments or other registers. */
function accumulator({ code, k }: Instruction, held: number | undefined, call: Call): number | undefined {
  switch (classOf(code)) {
    case Class.LD:
      if (modeOf(code) === Mode.IMM) return k;
      if (modeOf(code) !== Mode.ABS) return undefined;
      return k === 0 ? call.number : k === 4 ? call.arch : undefined;
    case Class.ALU:
      return held === undefined || (code & SOURCE_X) !== 0 ? undefined : computed(operationOf(code) >> 4, held, k);
    case Class.MISC:
      return code === 0x87 ? undefined : held;
    default:
      return held;
  }
}

function computed(operation: number, a: number, k: number): number | undefined {
  const results = [
    a + k,
    a - k,
    Math.imul(a, k),
    k && Math.floor(a / k),
    a | k,
    a & k,
    a << k,
    a >>> k,
    -a,
    k && a % k,
  ];
  const result = operation === 10 ? a ^ k : results[operation];
  return result === undefined ? undefined : result >>> 0;
}

function compared({ code, k }: Instruction, held: number | undefined): boolean | undefined {
  if (held === undefined || (code & SOURCE_X) !== 0) return undefined;
  switch (operationOf(code)) {
    case Jump.JEQ:
      return held === k;
    case Jump.JGT:
      return held > k;
    case Jump.JGE:
      return held >= k;
    case Jump.JSET:
      return (held & k) !== 0;
    default:
      return undefined;
  }
}
