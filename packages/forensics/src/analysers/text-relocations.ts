/** Whether a loader changes code itself: text relocations (DT_TEXTREL), as in libraries that were not built to be shared. */
import { type ByteSource, viewOf } from '@stillframe/core';

const PT_DYNAMIC = 2;
const DT_FLAGS = 30;
const DT_TEXTREL = 22;
const DF_TEXTREL = 4;
const HEADERS = 128;
const DYNAMIC = 64 << 10;

/** False for what is no ELF file of little-endian words, or is damaged. */
export async function hasTextRelocations(
  file: ByteSource,
  options: { signal?: AbortSignal | undefined },
): Promise<boolean> {
  const read = async (offset: number, length: number) => {
    const bytes = new Uint8Array(length);
    return viewOf(bytes.subarray(0, await file.readInto(offset, bytes, options)));
  };
  const head = await read(0, 64);
  if (head.byteLength < 64 || head.getUint32(0) !== 0x7f454c46 || head.getUint8(5) !== 1) return false;
  const wide = head.getUint8(4) === 2;
  const word = (view: DataView, at: number) => (wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
  const start = word(head, wide ? 32 : 28);
  const size = wide ? 56 : 32;
  const count = Math.min(head.getUint16(wide ? 56 : 44, true), HEADERS);
  if (!Number.isSafeInteger(start)) return false;
  const headers = await read(start, count * size);
  for (let at = 0; at + size <= headers.byteLength; at += size) {
    if (headers.getUint32(at, true) !== PT_DYNAMIC) continue;
    const offset = word(headers, at + (wide ? 8 : 4));
    const length = Math.min(word(headers, at + (wide ? 32 : 16)), DYNAMIC);
    if (!Number.isSafeInteger(offset) || !(length >= 0)) return false;
    const entry = wide ? 16 : 8;
    const dynamic = await read(offset, length);
    for (let tag = 0; tag + entry <= dynamic.byteLength; tag += entry) {
      const [name, value] = [word(dynamic, tag), word(dynamic, tag + entry / 2)];
      if (name === DT_TEXTREL || (name === DT_FLAGS && (value & DF_TEXTREL) !== 0)) return true;
    }
  }
  return false;
}
