/** Names of system calls by machine and number, from the tables in gen/syscalls.ts. */
import { core_entry_march } from '@stillframe/criu-image/proto';
import { syscallNames } from '../gen/syscalls.ts';

/** A calling convention, by the name that libseccomp gives it. */
export type SyscallTable = keyof typeof syscallNames;

/** The bit that x32 sets in its numbers, which otherwise have the AUDIT_ARCH of x86_64 (seccomp(2)). */
export const X32_BIT = 0x40000000;

/** AUDIT_ARCH_* by value: ELF machine, with bits for 64 bit and little endian (linux/audit.h). */
const ARCHES: ReadonlyMap<number, string> = new Map([
  [0xc000003e, 'x86_64'],
  [0x40000003, 'x86'],
  [0xc00000b7, 'aarch64'],
  [0x40000028, 'arm'],
  [0xc00000f3, 'riscv64'],
  [0x80000015, 'ppc64'],
  [0xc0000015, 'ppc64le'],
  [0x80000016, 's390x'],
  [0x00000016, 's390'],
  [0xc0000102, 'loongarch64'],
  [0xc0000008, 'mipsel64'],
  [0x40000008, 'mipsel'],
  [0x80000008, 'mips64'],
  [0x00000008, 'mips'],
]);

const NATIVE: Readonly<Partial<Record<core_entry_march, number>>> = {
  [core_entry_march.X86_64]: 0xc000003e,
  [core_entry_march.AARCH64]: 0xc00000b7,
  [core_entry_march.ARM]: 0x40000028,
  [core_entry_march.RISCV64]: 0xc00000f3,
  [core_entry_march.PPC64]: 0xc0000015,
  [core_entry_march.S390]: 0x80000016,
  [core_entry_march.LOONGARCH64]: 0xc0000102,
};

/** The AUDIT_ARCH of a machine's own calls; undefined where nobody here knows. */
export function auditArchOf(machine: core_entry_march): number | undefined {
  return NATIVE[machine];
}

/** `x86_64` for 0xc000003e; undefined for what is no AUDIT_ARCH that has a name here. */
export function auditArchName(arch: number): string | undefined {
  return ARCHES.get(arch);
}

const tables = new Map<SyscallTable, ReadonlyMap<number, string>>();

/** All calls of a table by number. x32's without their bit. */
export function syscallTable(name: SyscallTable): ReadonlyMap<number, string> {
  const known = tables.get(name);
  if (known) return known;
  const table = new Map<number, string>();
  let number = 0;
  for (const word of syscallNames[name].trim().split(/\s+/)) {
    if (/^\d/.test(word)) number = Number(word);
    else {
      table.set(number, word);
      number += 1;
    }
  }
  tables.set(name, table);
  return table;
}

/** The name of a call as a seccomp filter sees it: by AUDIT_ARCH and number. Undefined where the tables have none. */
export function syscallName(arch: number, number: number): string | undefined {
  const name = ARCHES.get(arch);
  if (name === undefined || !(name in syscallNames)) return undefined;
  if (name === 'x86_64' && (number & X32_BIT) !== 0) {
    const call = syscallTable('x32').get(number & ~X32_BIT);
    return call === undefined ? undefined : `x32:${call}`;
  }
  return syscallTable(name as SyscallTable).get(number);
}
