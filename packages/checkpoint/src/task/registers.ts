/** The registers of a thread by name, as the dump found them (thread_info_* of registers.proto). */
import {
  type core_entry,
  core_entry_march,
  type thread_info_x86,
  user_x86_regs_mode,
} from '@stillframe/criu-image/proto';
import { auditArchOf, syscallName } from './syscalls.ts';

/** Registers of one thread. What the machine has not, or the dump does not tell, is undefined. */
export interface Registers {
  /** `x86-64`, `x86` (a 32-bit thread), `aarch64`…; `machine 9` for one that CRIU does not know. */
  readonly machine: string;
  readonly instructionPointer: bigint | undefined;
  readonly stackPointer: bigint | undefined;
  /** General registers in the order of the machine's own lists. */
  readonly general: readonly (readonly [name: string, value: bigint])[];
  /** Address of the thread-local storage. */
  readonly tls: bigint | undefined;
  /** Where the kernel writes a zero when the thread ends (set_tid_address(2)). */
  readonly clearTid: bigint | undefined;
  /** The system call that the thread was in when it was stopped; x86 alone tells. `call 999` where it has no name. */
  readonly inCall: string | undefined;
  /** Which other parts of its state were captured: `x87`, `sse`, `avx`, `fpsimd`, `pointer-authentication-keys`… */
  readonly parts: readonly string[];
}

const I386 = 0x40000003;
/** By bit of xstate_bv (Intel SDM volume 1, 13.1). */
const XSTATE = ['x87', 'sse', 'avx', 'mpx', 'mpx', 'avx512', 'avx512', 'avx512', 'pt', 'pku', 'pasid', 'cet'];

/** The group of core_entry for each machine. */
const GROUPS = {
  [core_entry_march.X86_64]: 'threadInfo',
  [core_entry_march.ARM]: 'tiArm',
  [core_entry_march.AARCH64]: 'tiAarch64',
  [core_entry_march.PPC64]: 'tiPpc64',
  [core_entry_march.S390]: 'tiS390',
  [core_entry_march.MIPS]: 'tiMips',
  [core_entry_march.LOONGARCH64]: 'tiLoongarch64',
  [core_entry_march.RISCV64]: 'tiRiscv64',
} as const;

/** The fields that are instruction pointer and stack pointer, where they are no element of a list. */
const POINTERS: Readonly<Partial<Record<core_entry_march, readonly [ip: string, sp: string]>>> = {
  [core_entry_march.ARM]: ['pc', 'sp'],
  [core_entry_march.AARCH64]: ['pc', 'sp'],
  [core_entry_march.PPC64]: ['nip', 'gpr1'],
  [core_entry_march.S390]: ['psw_addr', 'gpr15'],
  [core_entry_march.MIPS]: ['cp0_epc', 'r29'],
  [core_entry_march.LOONGARCH64]: ['pc', 'r3'],
  [core_entry_march.RISCV64]: ['pc', 'sp'],
};

/** What an element of a list of registers is called: `x0` of aarch64's regs. */
const ELEMENTS: Readonly<Partial<Record<core_entry_march, Readonly<Record<string, string>>>>> = {
  [core_entry_march.AARCH64]: { regs: 'x' },
  [core_entry_march.LOONGARCH64]: { regs: 'r' },
  [core_entry_march.PPC64]: { gpr: 'gpr' },
  [core_entry_march.S390]: { gprs: 'gpr', acrs: 'acr' },
};

/** Longest list of registers that is believed. */
const LONGEST = 64;

/** Undefined where the image has none, as with a dead process. */
export function registersOf(core: core_entry): Registers | undefined {
  if (core.mtype === core_entry_march.X86_64) return core.threadInfo && x86Registers(core.threadInfo);
  const group = GROUPS[core.mtype as keyof typeof GROUPS];
  const info = group === undefined ? undefined : core[group];
  if (!info?.gpregs) return undefined;
  const general = namedValues(info.gpregs, ELEMENTS[core.mtype] ?? {});
  const values = new Map(general);
  const [ip = '', sp = ''] = POINTERS[core.mtype] ?? [];
  return {
    machine: machineName(core.mtype),
    instructionPointer: values.get(ip),
    stackPointer: values.get(sp),
    general,
    tls: 'tls' in info && !Array.isArray(info.tls) ? BigInt(info.tls) : undefined,
    clearTid: 'clearTidAddr' in info ? info.clearTidAddr : undefined,
    inCall: undefined,
    parts: partsOf(info),
  };
}

/** `aarch64` for AARCH64. */
export function machineName(machine: core_entry_march): string {
  const name = Object.entries(core_entry_march).find(([, number]) => number === machine)?.[0];
  if (name === 'X86_64') return 'x86-64';
  return name === undefined || machine === core_entry_march.UNKNOWN ? `machine ${machine}` : name.toLowerCase();
}

function x86Registers(info: thread_info_x86): Registers | undefined {
  const r = info.gpregs;
  if (!r) return undefined;
  const compat = r.mode === user_x86_regs_mode.COMPAT;
  const names = [
    'r15',
    'r14',
    'r13',
    'r12',
    'bp',
    'bx',
    'r11',
    'r10',
    'r9',
    'r8',
    'ax',
    'cx',
    'dx',
    'si',
    'di',
  ] as const;
  const wide = new Set(['bp', 'bx', 'ax', 'cx', 'dx', 'si', 'di']);
  const seen = compat ? names.filter((name) => wide.has(name)) : names;
  const letter = compat ? 'e' : 'r';
  const nameOf = (name: string) => (wide.has(name) ? `${letter}${name}` : name);
  return {
    machine: compat ? 'x86' : 'x86-64',
    instructionPointer: r.ip,
    stackPointer: r.sp,
    general: [
      ...seen.map((name) => [nameOf(name), r[name]] as const),
      ...([[`orig_${letter}ax`, r.origAx]] as const),
      ...([
        [`${letter}ip`, r.ip],
        [`${letter}sp`, r.sp],
        ['eflags', r.flags],
      ] as const),
      ...([
        ['cs', r.cs],
        ['ss', r.ss],
        ['ds', r.ds],
        ['es', r.es],
        ['fs', r.fs],
        ['gs', r.gs],
      ] as const),
      ...([
        ['fs_base', r.fsBase],
        ['gs_base', r.gsBase],
      ] as const),
    ],
    tls: compat ? undefined : r.fsBase,
    clearTid: info.clearTidAddr,
    inCall: callOf(r.origAx, compat),
    parts: x86Parts(info),
  };
}

/** orig_ax is -1 outside a call. */
function callOf(number: bigint, compat: boolean): string | undefined {
  const call = Number(BigInt.asIntN(32, number));
  if (call < 0) return undefined;
  const arch = compat ? I386 : auditArchOf(core_entry_march.X86_64);
  return (arch === undefined ? undefined : syscallName(arch, call)) ?? `call ${call}`;
}

function x86Parts({ fpregs, tls }: thread_info_x86): string[] {
  const parts: string[] = [];
  if (fpregs && !fpregs.xsave) parts.push('x87', 'sse');
  const bits = fpregs?.xsave?.xstateBv ?? 0n;
  for (const [bit, name] of XSTATE.entries()) if ((bits >> BigInt(bit)) & 1n) parts.push(name);
  if (fpregs?.xsave?.cet?.ssp) parts.push('shadow-stack');
  if (tls.some(({ usable }) => usable)) parts.push('tls-descriptors');
  return [...new Set(parts)];
}

/** Other messages of the group, by their CRIU names; keys of pointer authentication are named and never shown. */
function partsOf(info: object): string[] {
  return Object.entries(info)
    .filter(([field, value]) => field !== 'gpregs' && field !== 'clearTidAddr' && typeof value === 'object' && value)
    .map(([field]) => (field === 'pacKeys' ? 'pointer-authentication-keys' : field));
}

/** Fields of numbers under their proto names, lists element by element. */
function namedValues(message: object, elements: Readonly<Record<string, string>>): [string, bigint][] {
  return Object.entries(message).flatMap(([field, value]: [string, unknown]): [string, bigint][] => {
    const name = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (typeof value === 'bigint' || typeof value === 'number') return [[name, BigInt(value)]];
    if (!Array.isArray(value)) return [];
    const prefix = elements[name] ?? name;
    return value.slice(0, LONGEST).map((each: number | bigint, index) => [`${prefix}${index}`, BigInt(each)]);
  });
}
