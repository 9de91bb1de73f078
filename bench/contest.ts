/** One comparison: our figures beside others', taken in turn in one run, so that a slow moment of the machine hits all. */

export interface Contest {
  /** What is measured: `true pause, 1 GiB`. */
  readonly title: string;
  readonly unit: Unit;
  readonly ours: Side;
  readonly others: readonly Opponent[];
  /** What a reader must know to judge it. */
  readonly note?: string | undefined;
}

export type Unit = 'ms' | 'MiB';

export interface Side {
  readonly name: string;
  /** In the unit of the contest, one a round; empty where it is missing. */
  readonly figures: readonly number[];
}

/** A peer, a floor or a fixed bar that ours is held against. */
export interface Opponent extends Side {
  /** Ours at most: so many times theirs, and so much more. */
  readonly bar?: Bar | undefined;
  /** Why it does not count, where it did not do the work. */
  readonly void?: string | undefined;
}

export interface Bar {
  readonly times: number;
  readonly plus?: number | undefined;
}

/** A way of doing the work once; gives its figure. Undefined where it cannot be done here. */
export type Turn = (() => Promise<number>) | undefined;

/**
 * Does all of them `rounds` times in turn, after one round that does not count; each round begins with the next one. `between` is
 * done before each: what one left to be written would be written in another's time.
 */
export async function inTurn(
  rounds: number,
  turns: readonly Turn[],
  between: () => Promise<unknown> = async () => undefined,
): Promise<number[][]> {
  const figures = turns.map(() => [] as number[]);
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < turns.length; i++) {
      const at = (i + round) % turns.length;
      await between();
      const figure = await turns[at]?.();
      if (round > 0 && figure !== undefined) figures[at]?.push(figure);
    }
  }
  return figures;
}

/** Milliseconds that `work` takes. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** The middle figure; the mean of both middle ones of an even number. NaN of none. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

/** A bar that is no peer's figure: ours at most `most`. */
export function atMost(most: number, unit: Unit): Opponent {
  return { name: `at most ${most} ${unit}`, figures: [most], bar: { times: 1 } };
}
