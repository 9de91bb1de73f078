/** Holding a ByteSource to its descriptor while it is read, also by a reader that begins in the middle. */
import { type ByteSource, type ReadOptions, Sha256 } from '@stillframe/core';
import type { Descriptor } from './descriptor.ts';
import { verifyHash, verifySize } from './verify.ts';

/** Bytes read at once of what a reader left out. */
const STRIDE = 1 << 20;

/**
 * `source` for one reader that goes on and on, and sometimes back: what lies before the place where it begins is read and
 * hashed, too. The read that reaches the end gets its bytes only when all were right. Throws ERR_OCI_CONTENT_SHORT and _LONG at
 * once; reads throw ERR_OCI_CONTENT_WRONG and _SHORT.
 */
export function verifiedSource(source: ByteSource, expected: Pick<Descriptor, 'digest' | 'size'>): ByteSource {
  const { size } = source;
  verifySize(size, expected);
  const hash = new Sha256();
  let verdict: { error?: unknown } | undefined;
  const take = (offset: number, bytes: Uint8Array): void => {
    if (bytes.length > 0 && hash.size < offset + bytes.length) hash.update(bytes.subarray(hash.size - offset));
  };
  const catchUp = async (to: number, options?: ReadOptions): Promise<void> => {
    const room = new Uint8Array(Math.max(0, Math.min(STRIDE, to - hash.size)));
    while (hash.size < to) {
      options?.signal?.throwIfAborted();
      const at = hash.size;
      const read = await source.readInto(at, room.subarray(0, Math.min(room.length, to - at)), options);
      verifySize(read > 0 ? size : at, expected);
      take(at, room.subarray(0, read));
    }
  };
  return {
    size,
    async readInto(offset, target, options) {
      await catchUp(Math.min(offset, size), options);
      const read = await source.readInto(offset, target, options);
      take(offset, target.subarray(0, read));
      if (read === 0 || offset + read < size) return read;
      verdict ??= judged(hash, expected);
      if (verdict.error !== undefined) throw verdict.error;
      return read;
    },
  };
}

function judged(hash: Sha256, expected: Pick<Descriptor, 'digest' | 'size'>): { error?: unknown } {
  try {
    verifyHash(hash, expected);
    return {};
  } catch (error) {
    return { error };
  }
}
