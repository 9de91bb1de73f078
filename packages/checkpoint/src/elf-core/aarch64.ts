/** Registers of aarch64 in the layouts of Linux: user_pt_regs, user_fpsimd_state. Source: Linux asm/ptrace.h. */
import type { core_entry } from '@stillframe/criu-image/proto';
import type { CoreMachine } from './machine.ts';
import { NoteType } from './note.ts';
import { Structure } from './structure.ts';

const EM_AARCH64 = 183;

/** Keys of pointer authentication stay out: they serve forging, not reading. */
export const aarch64: CoreMachine = {
  name: 'aarch64',
  elfMachine: EM_AARCH64,
  registers: generalRegisters,
  notes(core) {
    const info = core.tiAarch64;
    if (info?.fpsimd === undefined) return [];
    const { vregs, fpsr, fpcr } = info.fpsimd;
    return [
      {
        owner: 'CORE',
        type: NoteType.FPREGSET,
        content: new Structure(528).words64(vregs, 64).u32(fpsr).u32(fpcr).bytes,
      },
      { owner: 'LINUX', type: NoteType.ARM_TLS, content: new Structure(8).u64(info.tls).bytes },
    ];
  },
};

function generalRegisters(core: core_entry): Uint8Array | undefined {
  const gpregs = core.tiAarch64?.gpregs;
  if (gpregs === undefined) return undefined;
  return new Structure(34 * 8).words64(gpregs.regs, 31).u64(gpregs.sp).u64(gpregs.pc).u64(gpregs.pstate).bytes;
}
