/** For tests of what is read, and how often. */
import { type ByteSource, bytesSource } from '@stillframe/core';

/** A source that counts what is read of it. */
export function counted(bytes: Uint8Array): ByteSource & { read: number } {
  const inner = bytesSource(bytes);
  return {
    size: inner.size,
    read: 0,
    async readInto(offset, target, options) {
      const length = await inner.readInto(offset, target, options);
      this.read += length;
      return length;
    },
  };
}
