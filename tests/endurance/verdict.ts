/** Whether figures of many rounds tell of a leak. */

/** One round's counts by name; `heap`, `outside` in KiB, `rss` in MiB. */
export type Figures = Readonly<Record<string, number>>;

/** What each may grow by a round, in the straight line that fits best. */
export const GROWTH: Readonly<Record<string, number>> = {
  processes: 0,
  mounts: 0,
  cgroups: 0,
  descriptors: 0.2,
  heap: 60,
  outside: 60,
  rss: 1,
};
/** Rounds in which caches fill and code is compiled: a line through them says nothing of a leak. */
export const WARMING = 2;
/** Rounds without which nothing is judged: a line through fewer still shows code being compiled as growth. */
export const FEWEST = WARMING + 6;

/** Growth a round of the line that fits the values best (least squares); 0 for fewer than two. */
export function slope(values: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const middle = (values.length - 1) / 2;
  const height = mean(values);
  const spread = values.reduce((sum, _value, at) => sum + (at - middle) ** 2, 0);
  return spread === 0 ? 0 : values.reduce((sum, value, at) => sum + (at - middle) * (value - height), 0) / spread;
}

/** Slope of each figure over the rounds after the warming, and which of them is steeper than it may be. */
export function judge(rounds: readonly Figures[]): { slopes: Figures; leaks: string[] } {
  const settled = rounds.slice(WARMING);
  if (rounds.length < FEWEST) throw new Error(`at least ${FEWEST} rounds are needed to tell growth from noise`);
  const slopes = Object.fromEntries(
    Object.keys(GROWTH).map((name) => [name, slope(settled.map((figures) => figures[name] ?? Number.NaN))]),
  );
  // NaN is no answer, and must not pass for a good one.
  const leaks = Object.keys(GROWTH).filter((name) => !((slopes[name] ?? Number.NaN) <= (GROWTH[name] ?? 0)));
  return { slopes, leaks };
}
