/** Names of signals by number (signal(7)). MIPS numbers them otherwise; every other machine that CRIU knows has the same. */
import { core_entry_march } from '@stillframe/criu-image/proto';

const USUAL = [
  ...[
    'HUP',
    'INT',
    'QUIT',
    'ILL',
    'TRAP',
    'ABRT',
    'BUS',
    'FPE',
    'KILL',
    'USR1',
    'SEGV',
    'USR2',
    'PIPE',
    'ALRM',
    'TERM',
  ],
  ...['STKFLT', 'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH', 'IO'],
  ...['PWR', 'SYS'],
];
const MIPS = [
  ...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'EMT', 'FPE', 'KILL', 'BUS', 'SEGV', 'SYS', 'PIPE', 'ALRM', 'TERM'],
  ...['USR1', 'USR2', 'CHLD', 'PWR', 'WINCH', 'URG', 'IO', 'STOP', 'TSTP', 'CONT', 'TTIN', 'TTOU', 'VTALRM', 'PROF'],
  ...['XCPU', 'XFSZ'],
];
/** The kernel's first real-time signal; that of a C library lies higher, for it keeps some to itself. */
const REAL_TIME = 32;

/** How many signals the machine has. */
export function signalCount(machine: core_entry_march): number {
  return machine === core_entry_march.MIPS ? 128 : 64;
}

/** `SIGTERM`; `SIGRT0` for 32, the first real-time signal of the kernel; `signal 99` for what is none. */
export function signalName(number: number, machine: core_entry_march = core_entry_march.X86_64): string {
  const name = (machine === core_entry_march.MIPS ? MIPS : USUAL)[number - 1];
  if (name !== undefined) return `SIG${name}`;
  if (number >= REAL_TIME && number <= signalCount(machine)) return `SIGRT${number - REAL_TIME}`;
  return `signal ${number}`;
}

/** The signals of a mask, of which bit 0 is signal 1. `extended` holds those from 65 on. */
export function signalsOf(mask: bigint, machine: core_entry_march, extended = 0n): readonly string[] {
  const all = BigInt.asUintN(64, mask) | (BigInt.asUintN(64, extended) << 64n);
  const names: string[] = [];
  for (let number = 1, rest = all; rest > 0n; number += 1, rest >>= 1n) {
    if ((rest & 1n) === 1n) names.push(signalName(number, machine));
  }
  return names;
}
