/** The root of a Merkle tree over runs of bytes (RFC 6962, section 2.1), computed as the bytes go by. */
import { createHash } from 'node:crypto';

/** Bytes of a run: sixteen pages of 4 KiB. One page is proved with the fifteen around it and one hash a level. */
export const RUN = 64 << 10;

/** The tree's name in statements. */
export const MERKLE_ALGORITHM = 'rfc6962-sha256';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Hash of one run. */
export function leafHash(run: Uint8Array): Uint8Array {
  return createHash('sha256').update(LEAF).update(run).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

/** A tree of which only the right edge is kept: 32 bytes a level. */
export class MerkleRoot {
  /** Roots of full subtrees, from the left; each has fewer leaves than the one before, as the bits of the count. */
  readonly #peaks: Uint8Array[] = [];
  #leaves = 0;

  get leaves(): number {
    return this.#leaves;
  }

  add(leaf: Uint8Array): void {
    let hash = leaf;
    for (let count = this.#leaves; count % 2 === 1; count = Math.floor(count / 2)) {
      const left = this.#peaks.pop();
      if (left) hash = nodeHash(left, hash);
    }
    this.#peaks.push(hash);
    this.#leaves += 1;
  }

  /** 64 hexadecimal digits; of no leaves the hash of nothing. More leaves may follow. */
  root(): string {
    const root = this.#peaks.reduceRight<Uint8Array | undefined>(
      (right, left) => (right ? nodeHash(left, right) : left),
      undefined,
    );
    return Buffer.from(root ?? createHash('sha256').digest()).toString('hex');
  }
}

/** Cuts what is written into runs and hashes each. What does not fill a run at the end is a shorter one. */
export class RunHasher {
  readonly #onLeaf: (leaf: Uint8Array) => void;
  #open = createHash('sha256').update(LEAF);
  #filled = 0;

  constructor(onLeaf: (leaf: Uint8Array) => void) {
    this.#onLeaf = onLeaf;
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + RUN - this.#filled);
      this.#open.update(part);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === RUN) this.end();
    }
  }

  /** Ends the run that was begun, if any. */
  end(): void {
    if (this.#filled === 0) return;
    this.#onLeaf(this.#open.digest());
    this.#open = createHash('sha256').update(LEAF);
    this.#filled = 0;
  }
}
