/** What stands in every match of a pattern and is quickly found: bytes in a row, each of a set. */
import { ANY, type ByteSet, likelihood } from './byte-set.ts';

/** Some bytes in a row, and where in a match they stand. */
export interface Anchor {
  readonly sets: readonly ByteSet[];
  /** Bytes of the match that stand before them. */
  readonly before: { readonly least: number; readonly most: number };
}

/** Three neighbours of an anchor, of which the filter decides. */
export interface Window {
  /** Where in the anchor they begin. */
  readonly offset: number;
  readonly sets: readonly [ByteSet, ByteSet, ByteSet];
  /** Which part of all places in memory has them, as far as can be guessed. */
  readonly rate: number;
}

/** The three neighbours that are rarest; a shorter anchor is filled up with what may be any byte. */
export function rarestWindow({ sets }: Pick<Anchor, 'sets'>): Window {
  let best: Window | undefined;
  for (let offset = 0; offset === 0 || offset + 3 <= sets.length; offset += 1) {
    const three = [sets[offset] ?? ANY, sets[offset + 1] ?? ANY, sets[offset + 2] ?? ANY] as const;
    const rate = three.reduce((product, set) => product * likelihood(set), 1);
    if (best === undefined || rate < best.rate) best = { offset, sets: three, rate };
  }
  return best ?? { offset: 0, sets: [ANY, ANY, ANY], rate: 1 };
}

/** Which part of all places has one of these anchors. */
export function rateOf(anchors: readonly Anchor[]): number {
  return anchors.reduce((sum, anchor) => sum + rarestWindow(anchor).rate, 0);
}

/** Above this an anchor does not help: the expression itself is as fast. */
export const DENSE = 1 / 200;
