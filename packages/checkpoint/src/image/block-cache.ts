/** Remote bytes in blocks: neighbouring small reads, as of CRIU's many small images, cost one request instead of hundreds. */
import type { ByteSource } from '@stillframe/core';

/** Options of cachedSource. */
export interface BlockCacheOptions {
  /** Bytes of a block, 256 KiB by default. Reads of this size and above pass through. */
  blockSize?: number;
  /** Blocks kept, 32 by default. */
  blocks?: number;
}

/** A source that keeps the blocks used last. Concurrent reads of one block share its request. */
export function cachedSource(source: ByteSource, options: BlockCacheOptions = {}): ByteSource {
  const blockSize = options.blockSize ?? 256 << 10;
  const most = options.blocks ?? 32;
  const cache = new Map<number, Promise<Uint8Array>>();
  const blockAt = (number: number): Promise<Uint8Array> => {
    // Taken out and put in again, so that the order of the map is that of use.
    const block = cache.get(number) ?? fetchBlock(source, number, blockSize);
    cache.delete(number);
    cache.set(number, block);
    block.catch(() => cache.delete(number));
    for (const oldest of cache.keys()) {
      if (cache.size <= most) break;
      cache.delete(oldest);
    }
    return block;
  };
  return {
    size: source.size,
    locator: source.locator,
    async readInto(offset, target, readOptions) {
      if (target.length >= blockSize) return source.readInto(offset, target, readOptions);
      readOptions?.signal?.throwIfAborted();
      let done = 0;
      while (done < target.length && offset + done < source.size) {
        const at = offset + done;
        const number = Math.floor(at / blockSize);
        const part = (await blockAt(number)).subarray(
          at - number * blockSize,
          at - number * blockSize + target.length - done,
        );
        if (part.length === 0) break;
        target.set(part, done);
        done += part.length;
      }
      return done;
    },
  };
}

async function fetchBlock(source: ByteSource, number: number, blockSize: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.min(blockSize, source.size - number * blockSize));
  // Without the reader's signal: another reader may wait for the same block.
  return bytes.subarray(0, await source.readInto(number * blockSize, bytes));
}
