/** Notes of a core file. Numbers: Linux elf.h. */
import { Structure } from './structure.ts';

export const NoteType = {
  PRSTATUS: 1,
  FPREGSET: 2,
  PRPSINFO: 3,
  AUXV: 6,
  X86_XSTATE: 0x202,
  ARM_TLS: 0x401,
  SIGINFO: 0x53494749,
  FILE: 0x46494c45,
} as const;

/** `CORE` for what System V knows too, `LINUX` for what only Linux has. */
export interface Note {
  owner: 'CORE' | 'LINUX';
  type: number;
  content: Uint8Array;
}

/** The note as it stands in the file; name and content are filled up to multiples of four bytes. */
export function encodeNote({ owner, type, content }: Note): Uint8Array {
  const name = Buffer.from(`${owner}\0`);
  const nameRoom = padded(name.length);
  const note = new Structure(12 + nameRoom + padded(content.length));
  return note.u32(name.length).u32(content.length).u32(type).raw(name, nameRoom).raw(content, padded(content.length))
    .bytes;
}

function padded(bytes: number): number {
  return (bytes + 3) & ~3;
}
