/** Small reads out of blocks that were read at once: what lies close together costs one read instead of many. */
import { type ByteSource, demandOffset } from './byte-source.ts';

/** A read of more than this goes to the source as it is. */
const SMALL = 16 << 10;
const BLOCK = 64 << 10;
/** Blocks that are kept, the last used ones. */
const KEPT = 32;

/** `source`, whose small reads bring the block around them, of which two mebibytes are kept. Its bytes must not change. */
export function nearbySource(source: ByteSource): ByteSource {
  const { size, locator } = source;
  const blocks = new Map<number, Uint8Array>();
  const keep = (number: number, block: Uint8Array) => {
    blocks.delete(number);
    blocks.set(number, block);
    const [oldest] = blocks.size > KEPT ? blocks.keys() : [];
    if (oldest !== undefined) blocks.delete(oldest);
  };
  return {
    size,
    locator,
    async readInto(offset, target, options) {
      demandOffset(offset);
      const end = Math.min(size, offset + target.length);
      if (end - offset > SMALL) return source.readInto(offset, target, options);
      options?.signal?.throwIfAborted();
      let at = offset;
      while (at < end) {
        const number = Math.floor(at / BLOCK);
        const start = number * BLOCK;
        let block = blocks.get(number);
        if (block === undefined) {
          const fresh = new Uint8Array(Math.min(BLOCK, size - start));
          // Each reader by itself, so that what one of them gives up is not missing to another.
          block = fresh.subarray(0, await source.readInto(start, fresh, options));
        }
        keep(number, block);
        const part = block.subarray(at - start, end - start);
        if (part.length === 0) break;
        target.set(part, at - offset);
        at += part.length;
      }
      return Math.max(0, at - offset);
    },
  };
}
