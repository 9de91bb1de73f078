/** For tests: an ELF core read back, by the specification and with no word of what wrote it. */

export interface ReadNote {
  owner: string;
  type: number;
  content: Buffer;
}

export interface ReadHeader {
  type: number;
  flags: number;
  offset: number;
  vaddr: bigint;
  fileBytes: number;
  memoryBytes: bigint;
}

export interface ReadCore {
  machine: number;
  notes: readonly ReadNote[];
  /** Program headers but for that of the notes. */
  segments: readonly ReadHeader[];
  /** What a debugger reads at an address: bytes of the file, zeroes behind them, undefined where nothing is known. */
  memory(vaddr: bigint, length: number): Buffer | undefined;
}

export const PT = { NULL: 0, LOAD: 1, NOTE: 4 } as const;

/** Throws where the file is no 64-bit little-endian core of sound headers. */
export function readCore(file: Buffer): ReadCore {
  const ident = file.subarray(0, 7).toString('latin1');
  if (ident !== '\x7fELF\x02\x01\x01' || file.readUInt16LE(16) !== 4) throw new Error('no ELF core');
  const tableOffset = Number(file.readBigUInt64LE(32));
  const plain = file.readUInt16LE(56);
  // PN_XNUM: the number stands in sh_info of the first section header.
  const count = plain === 0xffff ? file.readUInt32LE(Number(file.readBigUInt64LE(40)) + 44) : plain;
  const headers = Array.from({ length: count }, (_, index) => header(file, tableOffset + 56 * index));
  const [note, ...others] = headers.filter(({ type }) => type === PT.NOTE);
  if (note === undefined || others.length > 0) throw new Error(`${1 + others.length} note segments`);
  const segments = headers.filter(({ type }) => type !== PT.NOTE);
  return {
    machine: file.readUInt16LE(18),
    notes: notesIn(file.subarray(note.offset, note.offset + note.fileBytes)),
    segments,
    memory(vaddr, length) {
      const end = vaddr + BigInt(length);
      const found = segments.find((s) => s.type === PT.LOAD && s.vaddr <= vaddr && end <= s.vaddr + s.memoryBytes);
      if (found === undefined) return undefined;
      const bytes = Buffer.alloc(length);
      const into = Number(vaddr - found.vaddr);
      const there = Math.min(length, found.fileBytes - into);
      if (there > 0) file.copy(bytes, 0, found.offset + into, found.offset + into + there);
      return bytes;
    },
  };
}

function header(file: Buffer, at: number): ReadHeader {
  const u64 = (offset: number) => file.readBigUInt64LE(at + offset);
  const [offset, fileBytes] = [Number(u64(8)), Number(u64(32))];
  if (fileBytes > 0 && offset + fileBytes > file.length)
    throw new Error(`a segment reaches to ${offset + fileBytes} of ${file.length}`);
  const rest = { offset, vaddr: u64(16), fileBytes, memoryBytes: u64(40) };
  return { type: file.readUInt32LE(at), flags: file.readUInt32LE(at + 4), ...rest };
}

function notesIn(bytes: Buffer): ReadNote[] {
  const notes: ReadNote[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [nameLength, contentLength, type] = [0, 4, 8].map((offset) => bytes.readUInt32LE(at + offset));
    const name = at + 12;
    const content = name + (((nameLength ?? 0) + 3) & ~3);
    notes.push({
      owner: bytes.toString('latin1', name, name + (nameLength ?? 0) - 1),
      type: type ?? 0,
      content: bytes.subarray(content, content + (contentLength ?? 0)),
    });
    at = content + (((contentLength ?? 0) + 3) & ~3);
  }
  return notes;
}
