/** One comparison: our figures and a peer's, taken in turn in one run, so that a slow moment of the machine hits both. */

export interface Contest {
  /** What is measured: `true pause, 256 MiB`. */
  title: string;
  /** How we do it, and how the peer does. */
  ours: Side;
  peer: Side;
  /** What a reader must know to judge it. */
  note?: string;
}

export interface Side {
  name: string;
  /** Milliseconds, one a round; empty where the peer is missing. */
  milliseconds: number[];
}

/** A way of doing the work once; gives one or several figures, milliseconds. */
export type Turn<F> = () => Promise<F>;

/** Does both `rounds` times in turn, after one round that does not count; each round begins with the other one. */
export async function inTurn<A, B>(rounds: number, ours: Turn<A>, peer: Turn<B> | undefined): Promise<[A[], B[]]> {
  const figures: [A[], B[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const mine = async () => void figures[0].push(await ours());
    const theirs = async () => void (peer && figures[1].push(await peer()));
    for (const turn of round % 2 === 0 ? [mine, theirs] : [theirs, mine]) await turn();
  }
  return [figures[0].slice(1), figures[1].slice(1)];
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
