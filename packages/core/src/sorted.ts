/** Looking things up in what is in order. */

/** How many items of a list `holds` is true for, which it is for the first ones only. */
export function countUpTo<T>(list: ArrayLike<T>, holds: (item: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(list[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
