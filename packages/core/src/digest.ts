/** Content digests as OCI writes them (image-spec, descriptor.md). SHA-256 only: OCI requires it and nothing here needs another. */
import { createHash } from 'node:crypto';
import type { ByteSource, ReadOptions } from './byte-source.ts';
import { coreError } from './core-errors.ts';

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** Throws ERR_DIGEST_INVALID for anything that is not a sha256 digest. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text))
    throw coreError('ERR_DIGEST_INVALID', `not a sha256 digest: ${JSON.stringify(text.slice(0, 100))}`);
  return text;
}

export function isDigest(text: string): text is Digest {
  return PATTERN.test(text);
}

/** The 64 hexadecimal digits. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** A running SHA-256. */
export class Sha256 {
  readonly #hash = createHash('sha256');
  #size = 0;

  update(bytes: Uint8Array): this {
    this.#hash.update(bytes);
    this.#size += bytes.length;
    return this;
  }

  /** Bytes hashed so far. */
  get size(): number {
    return this.#size;
  }

  /** Ends the hash; it cannot be updated afterwards. */
  digest(): Digest {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}

export function digestOf(bytes: Uint8Array): Digest {
  return new Sha256().update(bytes).digest();
}

/** Bytes that are read while those before them are hashed. */
const AHEAD = 1 << 20;

/**
 * Digest of a whole source. Throws the errors of the source, the reason of the signal, and ERR_BYTES_OUT_OF_RANGE where it ends
 * before its size.
 */
export async function digestSource(source: ByteSource, options: ReadOptions = {}): Promise<Digest> {
  const hash = new Sha256();
  const { size } = source;
  const read = async (offset: number, room: Uint8Array) => {
    options.signal?.throwIfAborted();
    const target = room.subarray(0, size - offset);
    const got = await source.readInto(offset, target, options);
    if (got < target.length)
      throw coreError('ERR_BYTES_OUT_OF_RANGE', `source ended after ${offset + got} of ${size} bytes`);
    return target;
  };
  let [free, taken] = [1, 2].map(() => new Uint8Array(Math.min(AHEAD, size))) as [Uint8Array, Uint8Array];
  let next = read(0, taken);
  next.catch(() => undefined);
  for (let done = 0; done < size; ) {
    const chunk = await next;
    done += chunk.length;
    [free, taken] = [taken, free];
    if (done < size) next = read(done, taken);
    // Told by the next turn.
    next.catch(() => undefined);
    hash.update(chunk);
  }
  return hash.digest();
}
