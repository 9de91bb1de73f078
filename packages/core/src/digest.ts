/** Content digests as OCI writes them (image-spec, descriptor.md). SHA-256 only: OCI requires it and nothing here needs another. */
import { createHash } from 'node:crypto';
import { type ByteSource, type ReadOptions, streamOf } from './byte-source.ts';
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

/** Digest of a whole source, streamed. */
export async function digestSource(source: ByteSource, options: ReadOptions = {}): Promise<Digest> {
  const hash = new Sha256();
  for await (const chunk of streamOf(source, { ...options, chunkSize: 4 << 20 })) hash.update(chunk);
  return hash.digest();
}
