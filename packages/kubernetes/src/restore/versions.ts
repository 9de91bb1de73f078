/** Versions as programs print them. */

/** Below zero where `a` is older. Numbers are compared one by one, `v1.36.3-rc.1+x` as 1.36.3; one that is missing is 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number));
  for (let at = 0; at < Math.max(left?.length ?? 0, right?.length ?? 0); at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
