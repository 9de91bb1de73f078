/** The headers of an ELF core file: 64 bits, little-endian. Source: System V ABI, elf(5). */
import { Structure } from './structure.ts';

const FILE_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;

/** e_phnum where there are as many program headers or more; the number then stands in the first section header. */
export const PN_XNUM = 0xffff;

/** Passed over by every reader; here it tells of memory that is not in the file. */
export const PT_NULL = 0;
export const PT_LOAD = 1;
export const PT_NOTE = 4;

const ET_CORE = 4;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const EV_CURRENT = 1;

/** Bytes before the notes: file header, program headers, and the one section header where it is needed. */
export function headerBytes(programHeaders: number): number {
  const extended = programHeaders >= PN_XNUM ? SECTION_HEADER_BYTES : 0;
  return FILE_HEADER_BYTES + programHeaders * PROGRAM_HEADER_BYTES + extended;
}

/** `machine`: EM_* number. */
export function encodeFileHeader(machine: number, programHeaders: number): Uint8Array {
  const extended = programHeaders >= PN_XNUM;
  const header = new Structure(FILE_HEADER_BYTES);
  header.raw(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, ELFCLASS64, ELFDATA2LSB, EV_CURRENT), 16);
  header.u16(ET_CORE).u16(machine).u32(EV_CURRENT).u64(0).u64(FILE_HEADER_BYTES);
  header.u64(extended ? FILE_HEADER_BYTES + programHeaders * PROGRAM_HEADER_BYTES : 0);
  header
    .u32(0)
    .u16(FILE_HEADER_BYTES)
    .u16(PROGRAM_HEADER_BYTES)
    .u16(extended ? PN_XNUM : programHeaders);
  header
    .u16(extended ? SECTION_HEADER_BYTES : 0)
    .u16(extended ? 1 : 0)
    .u16(0);
  return header.bytes;
}

/** The section header that holds the number of program headers in sh_info. */
export function encodeExtendedCount(programHeaders: number): Uint8Array {
  return new Structure(SECTION_HEADER_BYTES).seek(44).u32(programHeaders).bytes;
}

export interface ProgramHeader {
  type: typeof PT_NULL | typeof PT_LOAD | typeof PT_NOTE;
  /** PF_X 1, PF_W 2, PF_R 4. */
  flags: number;
  offset: number;
  vaddr: bigint;
  fileBytes: number;
  memoryBytes: bigint;
  align: number;
}

export function encodeProgramHeader(header: ProgramHeader): Uint8Array {
  const { type, flags, offset, vaddr, fileBytes, memoryBytes, align } = header;
  return new Structure(PROGRAM_HEADER_BYTES)
    .u32(type)
    .u32(flags)
    .u64(offset)
    .u64(vaddr)
    .u64(0)
    .u64(fileBytes)
    .u64(memoryBytes)
    .u64(align).bytes;
}
