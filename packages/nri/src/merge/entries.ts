/** Merging what has keys: variables, mounts, devices, annotations. A dash before a key takes away what stands there. */
import type { Field } from '../proto.ts';
import type { Owners } from './owners.ts';

const MARK = '-';

/** The key that is taken away; undefined for one that is set. */
export function removedKey(key: string): string | undefined {
  return key.startsWith(MARK) ? key.slice(MARK.length) : undefined;
}

/** What takes part in the merge, and where it ends up. */
export interface EntryMerge<T> {
  owners: Owners;
  containerID: string;
  plugin: string;
  field: Field;
  /** What the plugin wants, with and without marks. */
  wanted: readonly T[];
  keyOf(entry: T): string;
}

/**
 * What the plugins until now want together, from what the ones before wanted: an entry that is taken away is dropped
 * there and its mark kept, for it may be the container's own, too. Throws ERR_NRI_CONFLICT.
 */
export function mergeEntries<T>(merge: EntryMerge<T>, collected: readonly T[]): T[] {
  const { owners, containerID, plugin, field, wanted, keyOf } = merge;
  const removed = new Set(wanted.flatMap((entry) => removedKey(keyOf(entry)) ?? []));
  const kept = collected.filter((entry) => {
    const key = removedKey(keyOf(entry)) ?? keyOf(entry);
    if (!removed.has(key)) return true;
    if (removedKey(keyOf(entry)) === undefined) owners.clear(containerID, plugin, field, key);
    return false;
  });
  const set = wanted.filter((entry) => removedKey(keyOf(entry)) === undefined);
  for (const entry of set) owners.claim(containerID, plugin, field, keyOf(entry));
  const marks = wanted.filter((entry) => removedKey(keyOf(entry)) !== undefined);
  return [...kept, ...marks, ...set];
}

/** `current` with the same done to it: what the next plugin sees of the container. */
export function replaceEntries<T, U>(
  current: readonly U[],
  wanted: readonly T[],
  keys: { ofCurrent(entry: U): string; ofWanted(entry: T): string; convert(entry: T): U },
): U[] {
  const touched = new Set(wanted.map((entry) => removedKey(keys.ofWanted(entry)) ?? keys.ofWanted(entry)));
  const set = wanted.filter((entry) => removedKey(keys.ofWanted(entry)) === undefined);
  return [...current.filter((entry) => !touched.has(keys.ofCurrent(entry))), ...set.map(keys.convert)];
}

/** The same for a mapping. */
export function mergeMap<V>(
  merge: Omit<EntryMerge<[string, V]>, 'wanted' | 'keyOf'>,
  wanted: Readonly<Record<string, V>>,
  collected: Record<string, V>,
  current: Record<string, V>,
): { collected: Record<string, V>; current: Record<string, V> } {
  const entries = Object.entries(wanted);
  const keyOf = ([key]: [string, V]) => key;
  const merged = mergeEntries({ ...merge, wanted: entries, keyOf }, Object.entries(collected));
  const seen = replaceEntries(Object.entries(current), entries, {
    ofCurrent: keyOf,
    ofWanted: keyOf,
    convert: (entry) => entry,
  });
  return { collected: Object.fromEntries(merged), current: Object.fromEntries(seen) };
}
