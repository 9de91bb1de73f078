/** Notes about a process and its threads that are the same on every machine. Source: Linux elfcore.h, 64-bit layouts. */
import type { core_entry, mm_entry, signal_queue_entry } from '@stillframe/criu-image/proto';
import { type Note, NoteType } from './note.ts';
import { Structure } from './structure.ts';

/** The ids that stand in the notes of a process; in its own PID namespace. */
export interface TaskIds {
  pid: number;
  ppid: number;
  pgid: number;
  sid: number;
}

/** Where the registers begin in elf_prstatus. */
const REGISTERS_OFFSET = 112;

/** Processor times are zero: CRIU does not record them. */
export function prstatus(core: core_entry, tid: number, ids: TaskIds, registers: Uint8Array): Note {
  const status = new Structure(REGISTERS_OFFSET + registers.length + 8);
  const held = core.threadCore?.blkSigset || core.tc?.blkSigset || 0n;
  status.u32(stopSignal(core)).skip(8).u16(stopSignal(core)).skip(2);
  status.u64(pendingSignals(core.threadCore?.signalsP)).u64(held);
  status.u32(tid).u32(ids.ppid).u32(ids.pgid).u32(ids.sid);
  status.seek(REGISTERS_OFFSET).raw(registers).u32(1);
  return { owner: 'CORE', type: NoteType.PRSTATUS, content: status.bytes };
}

/** Kernel's letters of task states by their number; CRIU knows alive, dead and stopped. */
const STATES: Readonly<Record<number, readonly [number, string]>> = { 1: [0, 'R'], 2: [4, 'Z'], 3: [3, 'T'] };

/** `commandLine` is raw: NULs between arguments become blanks, as the kernel does it. */
export function prpsinfo(core: core_entry, ids: TaskIds, commandLine: Uint8Array): Note {
  const [state, letter] = STATES[core.tc?.taskState ?? 0] ?? [0, 'R'];
  const creds = core.threadCore?.creds;
  const info = new Structure(136);
  info
    .u8(state)
    .u8(letter.charCodeAt(0))
    .u8(letter === 'Z' ? 1 : 0)
    .u8(core.threadCore?.schedNice ?? 0)
    .skip(4);
  info
    .u64(core.tc?.flags ?? 0)
    .u32(creds?.uid ?? 0)
    .u32(creds?.gid ?? 0);
  info.u32(ids.pid).u32(ids.ppid).u32(ids.pgid).u32(ids.sid);
  // One byte of each stays for the NUL at the end.
  info.raw(Buffer.from(core.tc?.comm ?? '').subarray(0, 15), 16);
  info.raw(
    commandLine.subarray(0, PSARGS - 1).map((byte) => byte || 0x20),
    PSARGS,
  );
  return { owner: 'CORE', type: NoteType.PRPSINFO, content: info.bytes };
}

/** Bytes of the command line that NT_PRPSINFO has room for, with the NUL at the end. */
export const PSARGS = 80;

/** The signal that stopped the process; all zero for one that ran, for no signal made this core. */
export function siginfo(core: core_entry): Note {
  return { owner: 'CORE', type: NoteType.SIGINFO, content: new Structure(128).u32(stopSignal(core)).bytes };
}

export function auxv(mm: mm_entry): Note {
  const values = mm.mmSavedAuxv;
  return {
    owner: 'CORE',
    type: NoteType.AUXV,
    content: new Structure(values.length * 8).words64(values, values.length).bytes,
  };
}

function stopSignal(core: core_entry): number {
  return core.tc?.stopSigno ?? 0;
}

/** Those waiting for this thread alone, bit n-1 for signal n. */
function pendingSignals(queue: signal_queue_entry | undefined): bigint {
  let mask = 0n;
  for (const { siginfo } of queue?.signals ?? []) {
    const signal = siginfo[0] ?? 0;
    if (signal >= 1 && signal <= 64) mask |= 1n << BigInt(signal - 1);
  }
  return mask;
}
