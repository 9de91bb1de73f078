/** Which thing of one checkpoint is which thing of the other. */

/** A key by which things are the same; undefined for one that has no such key. */
export type PairingKey<T> = (item: T, side: 'before' | 'after') => string | undefined;

/** Everything of both sides, each thing once. */
export interface Paired<T> {
  readonly pairs: readonly (readonly [before: T, after: T])[];
  readonly removed: readonly T[];
  readonly added: readonly T[];
}

/**
 * Pairs by the first key, what is left by the second, and so on. Of several with one key the first goes with the first.
 * Takes time in proportion to things and keys, whatever the evidence says.
 */
export function pairUp<T>(before: readonly T[], after: readonly T[], keys: readonly PairingKey<T>[]): Paired<T> {
  const pairs: (readonly [T, T])[] = [];
  let [removed, added] = [before, after];
  for (const keyOf of keys) {
    if (removed.length === 0 || added.length === 0) break;
    const waiting = new Map<string, T[]>();
    for (const item of added) {
      const key = keyOf(item, 'after');
      const queue = key === undefined ? undefined : waiting.get(key);
      if (queue) queue.push(item);
      else if (key !== undefined) waiting.set(key, [item]);
    }
    // Reversed, so that the first is taken from the end, which costs nothing.
    for (const queue of waiting.values()) queue.reverse();
    const gone: T[] = [];
    for (const item of removed) {
      const key = keyOf(item, 'before');
      const other = key === undefined ? undefined : waiting.get(key)?.pop();
      if (other === undefined) gone.push(item);
      else pairs.push([item, other]);
    }
    const paired = new Set(pairs.map(([, other]) => other));
    [removed, added] = [gone, added.filter((item) => !paired.has(item))];
  }
  return { pairs, removed, added };
}
