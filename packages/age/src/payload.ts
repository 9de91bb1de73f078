/**
 * The payload of an age file (age: STREAM): chunks of 64 KiB, each with a number, the last with a mark, each proven by
 * itself.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

/** Bytes of a chunk but the last. */
export const CHUNK = 64 << 10;
export const TAG = 16;
/** Bytes before the chunks. */
export const NONCE = 16;

const CIPHER = 'chacha20-poly1305';
const OPTIONS = { authTagLength: TAG };

/** The key of all chunks. */
export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** Which chunk, and whether none follows. */
export interface ChunkPlace {
  readonly number: number;
  readonly last: boolean;
}

/** A chunk with its tag. */
export function encryptChunk(key: Uint8Array, place: ChunkPlace, chunk: Uint8Array): Uint8Array[] {
  const cipher = createCipheriv(CIPHER, key, nonceOf(place), OPTIONS);
  const bytes = cipher.update(chunk);
  cipher.final();
  return [bytes, cipher.getAuthTag()];
}

/** What such a chunk holds; undefined where it is not this chunk, whole and unchanged. */
export function decryptChunk(key: Uint8Array, place: ChunkPlace, chunk: Uint8Array): Uint8Array | undefined {
  const decipher = createDecipheriv(CIPHER, key, nonceOf(place), OPTIONS);
  decipher.setAuthTag(chunk.subarray(-TAG));
  const bytes = decipher.update(chunk.subarray(0, -TAG));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return bytes;
}

/** The number in 11 bytes, most significant first, then the mark. */
function nonceOf({ number, last }: ChunkPlace): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(3, BigInt(number));
  nonce[11] = last ? 1 : 0;
  return nonce;
}
