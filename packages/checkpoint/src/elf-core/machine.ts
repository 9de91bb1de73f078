/** What differs from processor to processor in a core file. The table of those that can be written. */
import { type core_entry, core_entry_march, user_x86_regs_mode } from '@stillframe/criu-image/proto';
import { checkpointError } from '../errors.ts';
import { aarch64 } from './aarch64.ts';
import type { Note } from './note.ts';
import { x86_64 } from './x86-64.ts';

export interface CoreMachine {
  readonly name: string;
  /** EM_* number. */
  readonly elfMachine: number;
  /** elf_gregset_t; undefined where the core image holds no registers. */
  registers(core: core_entry): Uint8Array | undefined;
  /** The notes that follow NT_PRSTATUS of a thread. */
  notes(core: core_entry): readonly Note[];
}

const MACHINES: Readonly<Partial<Record<core_entry_march, CoreMachine>>> = {
  [core_entry_march.X86_64]: x86_64,
  [core_entry_march.AARCH64]: aarch64,
};

/** The machine a thread ran on. Throws ERR_CORE_MACHINE_UNSUPPORTED for one whose registers nobody here can lay out. */
export function machineOf(core: core_entry): CoreMachine {
  const machine = MACHINES[core.mtype];
  const compat = core.threadInfo?.gpregs?.mode === user_x86_regs_mode.COMPAT;
  if (machine !== undefined && !compat) return machine;
  const what = compat ? '32-bit x86' : nameOf(core.mtype);
  throw checkpointError('ERR_CORE_MACHINE_UNSUPPORTED', `no core file can be written for ${what}`);
}

/** The name CRIU gives the machine; a number of no name where an image says so. */
function nameOf(mtype: core_entry_march): string {
  return Object.entries(core_entry_march).find(([, number]) => number === mtype)?.[0] ?? `machine ${mtype}`;
}
