/**
 * AES-256 in counter mode over any range: byte `n` of the keystream is in block `n / 16`, whose counter is the nonce plus
 * that.
 */
import { createCipheriv } from 'node:crypto';
import type { ByteSource } from '@stillframe/core';

/** What a keystream is made of. Encrypting and decrypting are the same. */
export interface CtrKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** The counter of the first block, 16 bytes. */
  readonly nonce: Uint8Array;
}

const BLOCK = 16;

/** The cipher for the bytes from `offset` on, in order. */
export function ctrFrom({ key, nonce }: CtrKey, offset = 0): (bytes: Uint8Array) => Uint8Array {
  const cipher = createCipheriv('aes-256-ctr', key, counterAt(nonce, Math.floor(offset / BLOCK)));
  if (offset % BLOCK > 0) cipher.update(new Uint8Array(offset % BLOCK));
  return (bytes) => cipher.update(bytes);
}

/**
 * `source` encrypted or decrypted, whichever it is not. It has no locator: what lies in the place of `source` are other
 * bytes.
 */
export function ctrSource(source: ByteSource, key: CtrKey): ByteSource {
  return {
    size: source.size,
    async readInto(offset, target, options) {
      const length = await source.readInto(offset, target, options);
      const part = target.subarray(0, length);
      part.set(ctrFrom(key, offset)(part));
      return length;
    },
  };
}

/** The counter is one number of 128 bits, most significant byte first, which begins again at zero after its last. */
function counterAt(nonce: Uint8Array, block: number): Uint8Array {
  const counter = Uint8Array.from(nonce);
  let carry = BigInt(block);
  for (let at = counter.length - 1; at >= 0 && carry > 0n; at -= 1) {
    const sum = BigInt(counter[at] ?? 0) + carry;
    counter[at] = Number(sum & 0xffn);
    carry = sum >> 8n;
  }
  return counter;
}
