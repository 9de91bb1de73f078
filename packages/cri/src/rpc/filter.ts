/** The filters of the List RPCs: all parts that are given must hold (CRI). */

/** Whether every label of the selector is there with its value. */
export function labelsMatch(
  labels: Readonly<Record<string, string>>,
  selector: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** Whether `id` is the one asked for; clients may send a prefix, and nothing for any. */
export function idMatches(id: string, asked: string | undefined): boolean {
  return !asked || id.startsWith(asked);
}
