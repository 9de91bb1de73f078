/** Where a zstd frame ends, told by its headers alone (RFC 8878, 3.1.1). */
import { viewOf } from '@stillframe/core';

const MAGIC = 0xfd2fb528;
/** Bytes of the header's optional fields, by the two bits that say so. */
const DICTIONARY = [0, 1, 2, 4];
const CONTENT = [0, 2, 4, 8];
const BLOCK_HEADER = 3;
const CHECKSUM = 4;
const REPEATED = 1;
const RESERVED = 3;

/** Bytes of the frame with content that `bytes` begins with; undefined where there is none, or not all of it. */
export function frameLength(bytes: Uint8Array): number | undefined {
  const view = viewOf(bytes);
  if (bytes.length < 5 || view.getUint32(0, true) !== MAGIC) return undefined;
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  const window = single ? 0 : 1;
  const content = descriptor >> 6 === 0 && single ? 1 : (CONTENT[descriptor >> 6] ?? 0);
  let at = 5 + window + (DICTIONARY[descriptor & 3] ?? 0) + content;
  for (let last = false; !last; ) {
    if (at + BLOCK_HEADER > bytes.length) return undefined;
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const type = (header >> 1) & 3;
    if (type === RESERVED) return undefined;
    last = (header & 1) === 1;
    at += BLOCK_HEADER + (type === REPEATED ? 1 : header >> 3);
  }
  if ((descriptor & 0x04) !== 0) at += CHECKSUM;
  return at <= bytes.length ? at : undefined;
}
