/** Where the last lines of a file begin, found from its end. */
import type { FileHandle } from 'node:fs/promises';

const BLOCK = 64 << 10;
const LINE_FEED = 0x0a;

/** The offset at which the last `lines` lines of the first `size` bytes begin; a last line without its end counts. */
export async function tailOffset(file: FileHandle, size: number, lines: number): Promise<number> {
  if (lines <= 0) return size;
  const block = Buffer.alloc(BLOCK);
  let found = 0;
  for (let end = size; end > 0; ) {
    const begin = Math.max(0, end - BLOCK);
    const { bytesRead } = await file.read(block, 0, end - begin, begin);
    for (let at = bytesRead - 1; at >= 0; at--) {
      // The last byte ends the last line, and begins none.
      if (block[at] !== LINE_FEED || begin + at === size - 1) continue;
      found++;
      if (found === lines) return begin + at + 1;
    }
    end = begin;
  }
  return 0;
}
