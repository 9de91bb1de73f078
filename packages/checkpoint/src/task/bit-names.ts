/** Masks of the kernel told by the names of their bits. */

/** A mask with the names of those of its bits that have one. */
export interface BitNames {
  readonly mask: bigint;
  /** In the order of the bits. */
  readonly names: readonly string[];
  /** Numbers of the set bits that have no name here. */
  readonly unknown: readonly number[];
}

/** Tells the bits of `mask` by `names`, of which the index is the number of the bit. */
export function bitNames(mask: bigint, names: Readonly<Record<number, string>>): BitNames {
  const known: string[] = [];
  const unknown: number[] = [];
  let rest = BigInt.asUintN(256, mask);
  for (let bit = 0; rest > 0n; bit += 1, rest >>= 1n) {
    if ((rest & 1n) === 0n) continue;
    const name = names[bit];
    if (name === undefined) unknown.push(bit);
    else known.push(name);
  }
  return { mask, names: known, unknown };
}

/** 32-bit words, lowest first, as one mask; more than eight are not read. */
export function maskOfWords(words: readonly number[]): bigint {
  return words.slice(0, 8).reduceRight((mask, word) => (mask << 32n) | BigInt(word >>> 0), 0n);
}
