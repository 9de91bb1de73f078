/** The name and value block of SPDY/3 (section 2.6.10), uncompressed: counts and lengths in 4 bytes each. */
import { serverError } from '../../errors.ts';

/** Names in small letters; several values of one name are parted by a zero byte. */
export type SpdyHeaders = ReadonlyMap<string, string>;

/** Bytes of an uncompressed block. */
export const BLOCK_LIMIT = 32 << 10;
const MOST_HEADERS = 128;

export function encodeHeaders(headers: SpdyHeaders): Buffer {
  const parts: Buffer[] = [word(headers.size)];
  for (const text of [...headers].flat()) {
    const bytes = Buffer.from(text, 'utf8');
    parts.push(word(bytes.byteLength), bytes);
  }
  return Buffer.concat(parts);
}

/** Throws ERR_SPDY_HEADERS for a block that is too long, cut off, or names a header twice or with capitals. */
export function decodeHeaders(block: Uint8Array): SpdyHeaders {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  let offset = 0;
  const number = () => {
    if (offset + 4 > bytes.byteLength) throw serverError('ERR_SPDY_HEADERS', 'a header block is cut off');
    offset += 4;
    return bytes.readUInt32BE(offset - 4);
  };
  const text = () => {
    const length = number();
    if (length > bytes.byteLength - offset) throw serverError('ERR_SPDY_HEADERS', 'a header is longer than its block');
    offset += length;
    return bytes.toString('utf8', offset - length, offset);
  };
  if (bytes.byteLength > BLOCK_LIMIT) throw serverError('ERR_SPDY_HEADERS', `${bytes.byteLength} bytes of headers`);
  const count = number();
  if (count > MOST_HEADERS) throw serverError('ERR_SPDY_HEADERS', `${count} headers`);
  const headers = new Map<string, string>();
  for (let index = 0; index < count; index += 1) {
    const name = text();
    if (name === '' || name !== name.toLowerCase() || headers.has(name)) {
      throw serverError('ERR_SPDY_HEADERS', `the header name ${JSON.stringify(name.slice(0, 64))} is not allowed`);
    }
    headers.set(name, text());
  }
  if (offset !== bytes.byteLength) throw serverError('ERR_SPDY_HEADERS', 'bytes follow the headers');
  return headers;
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
