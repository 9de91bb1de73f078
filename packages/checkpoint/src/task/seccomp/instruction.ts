/** Classic BPF as seccomp runs it: eight bytes an instruction (linux/filter.h, linux/bpf_common.h). */
import { viewOf } from '@stillframe/core';

/** One instruction, and what it does in words of an assembler. Jump targets are numbers of instructions. */
export interface Instruction {
  readonly index: number;
  readonly code: number;
  /** Instructions that are passed over where the comparison holds, and where it does not. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
  /** `jeq #0xc000003e, 2, 8`: where it goes on if the comparison holds, and if not. */
  readonly text: string;
}

/** Bytes of an instruction. */
export const INSTRUCTION = 8;
/** BPF_MAXINSNS: the kernel takes no longer filter. */
export const LONGEST = 4096;

/** Fields of a code. */
export const Class = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, RET: 6, MISC: 7 } as const;
export const Mode = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, LEN: 0x80, MSH: 0xa0 } as const;
export const Jump = { JA: 0x00, JEQ: 0x10, JGT: 0x20, JGE: 0x30, JSET: 0x40 } as const;
/** The operand is the register X and not the constant. */
export const SOURCE_X = 0x08;

export const classOf = (code: number) => code & 0x07;
export const modeOf = (code: number) => code & 0xe0;
export const operationOf = (code: number) => code & 0xf0;

const ALU = ['add', 'sub', 'mul', 'div', 'or', 'and', 'lsh', 'rsh', 'neg', 'mod', 'xor'];
const JUMPS: Readonly<Record<number, string>> = {
  ...{ [Jump.JEQ]: 'jeq', [Jump.JGT]: 'jgt', [Jump.JGE]: 'jge', [Jump.JSET]: 'jset' },
};

/** Reads the program as the machine wrote it; what follows the last whole instruction, or the 4,096th, is not read. */
export function decodeProgram(bytes: Uint8Array, littleEndian: boolean): readonly Instruction[] {
  const view = viewOf(bytes);
  const count = Math.min(LONGEST, Math.floor(bytes.length / INSTRUCTION));
  return Array.from({ length: count }, (_, index) => {
    const at = index * INSTRUCTION;
    const [jt, jf] = [view.getUint8(at + 2), view.getUint8(at + 3)];
    const plain = { index, code: view.getUint16(at, littleEndian), jt, jf, k: view.getUint32(at + 4, littleEndian) };
    return { ...plain, text: textOf(plain) };
  });
}

function textOf({ index, code, jt, jf, k }: Omit<Instruction, 'text'>): string {
  switch (classOf(code)) {
    case Class.LD:
      return `ld${sizeOf(code)} ${loadOperand(code, k)}`;
    case Class.LDX:
      return `ldx${sizeOf(code)} ${loadOperand(code, k)}`;
    case Class.ST:
      return `st M[${k}]`;
    case Class.STX:
      return `stx M[${k}]`;
    case Class.ALU:
      return aluText(code, k);
    case Class.JMP:
      return jumpText(code, k, index + 1, jt, jf);
    case Class.RET:
      return `ret ${(code & 0x18) === 0x10 ? 'A' : (code & 0x18) === SOURCE_X ? 'X' : hex(k)}`;
    default:
      return (code & 0xf8) === 0x80 ? 'txa' : (code & 0xf8) === 0 ? 'tax' : unknown(code, k);
  }
}

function sizeOf(code: number): string {
  return { 0: '', 8: 'h', 16: 'b' }[code & 0x18] ?? '?';
}

function loadOperand(code: number, k: number): string {
  switch (modeOf(code)) {
    case Mode.IMM:
      return hex(k);
    case Mode.ABS:
      return `[${k}]`;
    case Mode.IND:
      return `[x + ${k}]`;
    case Mode.MEM:
      return `M[${k}]`;
    case Mode.LEN:
      return '#len';
    case Mode.MSH:
      return `4*([${k}]&0xf)`;
    default:
      return `? ${hex(k)}`;
  }
}

function aluText(code: number, k: number): string {
  const operation = ALU[operationOf(code) >> 4];
  if (operation === undefined) return unknown(code, k);
  if (operation === 'neg') return 'neg';
  return `${operation} ${(code & SOURCE_X) === 0 ? hex(k) : 'x'}`;
}

function jumpText(code: number, k: number, next: number, jt: number, jf: number): string {
  if (operationOf(code) === Jump.JA) return `ja ${next + k}`;
  const name = JUMPS[operationOf(code)];
  if (name === undefined) return unknown(code, k);
  return `${name} ${(code & SOURCE_X) === 0 ? hex(k) : 'x'}, ${next + jt}, ${next + jf}`;
}

function unknown(code: number, k: number): string {
  return `.code 0x${code.toString(16)}, ${hex(k)}`;
}

function hex(k: number): string {
  return `#0x${k.toString(16)}`;
}
